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
/** Of a field's value; what is deeper is left out. */
const DEPTH_MAX = 5;

export function createLog(options: LogOptions): Log {
  const shape = options.format === "text" ? formatLine : (line: string): string => line;
  const sink = { write: (line: string): void => options.write(shape(line)) };
  const writer = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return wrap(writer, maskOf(options.secrets));
}

type Mask = (text: string) => string;

function wrap(writer: pino.Logger, mask: Mask): Log {
  const line =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (writer.isLevelEnabled(level)) writer[level](clean(fields ?? {}, mask, 0), mask(message));
    };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (fields) => wrap(writer.child(clean(fields, mask, 0)), mask),
  };
}

function clean(fields: LogFields, mask: Mask, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      mask(name),
      SECRET_NAME.test(name) ? MASK : plain(value, mask, depth),
    ]),
  );
}

function plain(value: unknown, mask: Mask, depth: number): unknown {
  if (typeof value === "string") return mask(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return mask(tell(value));
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value)) return value.map((item: unknown) => plain(item, mask, depth + 1));
  return clean({ ...value }, mask, depth + 1);
}

/** A failure we foresaw says all in its message; for any other one wants to know where it came from. */
function tell(error: Error): string {
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return (error instanceof CodeqError ? error.message : (error.stack ?? error.message)) + cause;
}

function maskOf(secrets: readonly string[]): Mask {
  // A text that quotes JSON holds a secret in escaped form.
  const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const wanted = [...new Set(spellings)].filter((secret) => secret.length >= SECRET_CHARACTERS_MIN);
  // The longest first: a secret may hold another one.
  wanted.sort((a, b) => b.length - a.length);
  return (text) => wanted.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}
