import pino from "pino";
import { formatLine } from "./log-text.ts";
import { CodeqError } from "./queue/errors.ts";

/** What the server writes about itself. Fields are plain data; one whose name says it is secret is never written. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line. */
  child(fields: LogFields): Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "text";
  /** Texts that never appear in a line, whatever the field: configured tokens and keys. */
  readonly secrets: readonly string[];
  /** Takes one line with its line end. */
  readonly write: (line: string) => void;
}

const SECRET_NAME = /token|secret|password|authorization|cookie|api-?key|^key$|credential/i;
const MASK = "***";
/** Shorter texts turn up by chance; masking them would only make lines unreadable. */
const SECRET_CHARACTERS_MIN = 4;

export function createLog(options: LogOptions): Log {
  const mask = maskOf(options.secrets);
  const shape = options.format === "text" ? formatLine : (line: string): string => line;
  const sink = { write: (line: string): void => options.write(mask(shape(line))) };
  const writer = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return wrap(writer);
}

function wrap(writer: pino.Logger): Log {
  return {
    debug: (message, fields) => writer.debug(clean(fields), message),
    info: (message, fields) => writer.info(clean(fields), message),
    warn: (message, fields) => writer.warn(clean(fields), message),
    error: (message, fields) => writer.error(clean(fields), message),
    child: (fields) => wrap(writer.child(clean(fields))),
  };
}

function clean(fields: LogFields | undefined): Record<string, unknown> {
  if (fields === undefined) return {};
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, SECRET_NAME.test(name) ? MASK : plain(value)]),
  );
}

/** A failure we foresaw says all in its message; for any other one wants to know where it came from. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const cause = value.cause instanceof Error ? ` (${value.cause.message})` : "";
  return value instanceof CodeqError ? value.message + cause : (value.stack ?? value.message) + cause;
}

function maskOf(secrets: readonly string[]): (line: string) => string {
  // In a JSON line a secret appears escaped.
  const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const wanted = [...new Set(spellings)].filter((secret) => secret.length >= SECRET_CHARACTERS_MIN);
  // The longest first: a secret may hold another one.
  wanted.sort((a, b) => b.length - a.length);
  return (line) => wanted.reduce((masked, secret) => masked.replaceAll(secret, MASK), line);
}
