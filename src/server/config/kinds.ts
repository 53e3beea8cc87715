import { z } from "zod";

/** A kind of value: how to read it from a text (flag, variable) or from a file's own types, and how to say it. */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** Completes "must be …". Names the bounds and the unit. */
  readonly expects: string;
  /** A stand-in for the value in `--flag <…>`; undefined for a switch. */
  readonly placeholder: string | undefined;
  /** The value as one would write it. */
  show(value: T): string;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** @param bounds.unit what is counted; nothing for a mere number */
export function integer(bounds: Bounds & { readonly unit: string | undefined }): Kind<number> {
  const text = z
    .string()
    .trim()
    .regex(/^[+-]?\d+$/)
    .transform(Number);
  return {
    schema: z.union([z.number(), text]).pipe(z.int().min(bounds.min).max(bounds.max)),
    expects: `a whole number${bounds.unit === undefined ? "" : ` of ${bounds.unit}`} from ${bounds.min} to ${bounds.max}`,
    placeholder: "n",
    show: String,
  };
}

/** A share of something, 0 to 1. */
export function ratio(): Kind<number> {
  const text = z
    .string()
    .trim()
    .regex(/^\d*\.?\d+$/)
    .transform(Number);
  return {
    schema: z.union([z.number(), text]).pipe(z.number().min(0).max(1)),
    expects: "a number from 0 to 1",
    placeholder: "ratio",
    show: String,
  };
}

/**
 * Milliseconds inside; a plain number outside is seconds.
 * @param bounds.zero a word for 0, where that is no duration; `min` holds for all others
 */
export function duration(bounds: Bounds & { readonly zero?: string }): Kind<number> {
  const { min, max, zero } = bounds;
  const number = z.number().transform((seconds) => withoutNoise(seconds * 1000));
  const text = z.string().transform((value, context) => {
    if (zero !== undefined && value.trim().toLowerCase() === zero) return 0;
    return parseUnit(value, DURATION_UNITS, "s") ?? refuse(context);
  });
  const within = z.int().min(min).max(max);
  const show = (ms: number): string => (ms === 0 && zero !== undefined ? zero : showDuration(ms));
  return {
    schema: z.union([number, text]).pipe(zero === undefined ? within : z.literal(0).or(within)),
    expects: `${zero === undefined ? "" : `${zero}, or `}a duration from ${showDuration(min)} to ${showDuration(max)} (units ms, s, m, h, d; a plain number is seconds)`,
    placeholder: "duration",
    show,
  };
}

/** Bytes inside; a plain number outside is bytes. */
export function bytes(bounds: Bounds): Kind<number> {
  const text = z.string().transform((value, context) => parseUnit(value, BYTE_UNITS, "B") ?? refuse(context));
  return {
    schema: z.union([z.number(), text]).pipe(z.int().min(bounds.min).max(bounds.max)),
    expects: `a size from ${showBytes(bounds.min)} to ${showBytes(bounds.max)} (units KiB, MiB, GiB; a plain number is bytes)`,
    placeholder: "size",
    show: showBytes,
  };
}

const SWITCH: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

export function toggle(): Kind<boolean> {
  const text = z.string().transform((value, context) => {
    const word = value.trim().toLowerCase();
    return Object.hasOwn(SWITCH, word) ? SWITCH[word] === true : refuse(context);
  });
  return {
    schema: z.union([z.boolean(), text]),
    expects: "true or false (also yes, no, on, off, 1, 0)",
    placeholder: undefined,
    show: String,
  };
}

export function choice<const T extends string>(choices: readonly [T, ...T[]]): Kind<T> {
  return {
    // Case does not count: the variables were never strict about it.
    schema: z.string().trim().toLowerCase().pipe(z.enum(choices)),
    expects: `one of ${choices.join(", ")}`,
    placeholder: choices.length <= 4 ? choices.join("|") : "name",
    show: String,
  };
}

/** A non-empty text of at most `charactersMax` UTF-16 units, on one line. */
export function text(what: string, charactersMax: number): Kind<string> {
  return {
    schema: z
      .string()
      .trim()
      .min(1)
      .max(charactersMax)
      .regex(/^\P{Cc}+$/u),
    expects: `${what} of 1 to ${charactersMax} characters`,
    placeholder: what.includes("path") ? "path" : "text",
    show: String,
  };
}

/** The same kind, for a setting that may be absent. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    schema: kind.schema.optional(),
    expects: kind.expects,
    placeholder: kind.placeholder,
    show: (value) => (value === undefined ? "(not set)" : kind.show(value)),
  };
}

/** A mapping, or JSON text. What it must hold is for its reader to say. */
export function json(): Kind<unknown> {
  const parsed = z.string().transform((value, context): unknown => {
    try {
      return JSON.parse(value);
    } catch {
      return refuse(context);
    }
  });
  return {
    schema: z.union([z.record(z.string(), z.unknown()), parsed]),
    expects: "a mapping, or JSON text",
    placeholder: "json",
    show: (value) => JSON.stringify(value) ?? "",
  };
}

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
]);

function parseUnit(value: string, units: ReadonlyMap<string, number>, plain: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(value.trim());
  if (match === null) return undefined;
  const named = match[2] ?? "";
  const wanted = (named === "" ? plain : named).toLowerCase();
  for (const [unit, factor] of units) if (unit.toLowerCase() === wanted) return withoutNoise(Number(match[1]) * factor);
  return undefined;
}

/** 4.35 s are 4350 ms, whatever binary fractions make of it. */
function withoutNoise(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

function refuse(context: z.RefinementCtx): never {
  context.addIssue({ code: "custom", message: "unreadable" });
  return z.NEVER;
}

function showDuration(ms: number): string {
  return inLargestUnit(ms, DURATION_UNITS);
}

function showBytes(value: number): string {
  return inLargestUnit(value, BYTE_UNITS);
}

function inLargestUnit(value: number, units: ReadonlyMap<string, number>): string {
  let shown = "";
  for (const [unit, factor] of units) {
    if (shown === "" || (value !== 0 && value % factor === 0)) shown = `${value / factor}${unit}`;
  }
  return shown;
}
