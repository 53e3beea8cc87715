import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  TooDeep,
} from "./json-text.ts";

/**
 * Checks JSON text (RFC 8259) without building anything from it. On bytes, which is several times as fast as on the units
 * of a string; whether they are UTF-8 is for others to see. `end` is where the text ends, and not looked at.
 */

/** Thrown for a text that is not JSON. */
export class NotJson extends Error {
  override readonly name = "NotJson";

  constructor() {
    super("not valid JSON");
  }
}

/** How many more values may come. */
export interface Allowance {
  /** Takes one; throws when none is left. */
  spend(): void;
}

/** For each open bracket the one that closes it. One for all checks: they run to their end one after the other. */
let closers = new Uint8Array(128);

/**
 * @param depthMax levels of arrays and objects
 * @throws NotJson for a text that is not one JSON value, TooDeep
 */
export function checkJson(bytes: Uint8Array, start: number, end: number, depthMax: number): void {
  const behind = checkValue(bytes, skipSpace(bytes, start, end), end, depthMax, undefined);
  if (skipSpace(bytes, behind, end) < end) throw new NotJson();
}

/**
 * The end of the value at `start`, which is not white space. Takes as long as the value, and stops at the first thing
 * that is wrong: nobody has looked at what stands behind it.
 * @param depthMax levels of arrays and objects in it
 * @param allowance what each value in it, and itself, is taken from; undefined for any number
 * @throws NotJson, TooDeep, or what the allowance throws
 */
export function checkValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  depthMax: number,
  allowance: Allowance | undefined,
): number {
  if (closers.length <= depthMax) closers = new Uint8Array(depthMax + 1);
  let depth = 0;
  let at = start;
  do {
    allowance?.spend();
    const byte = byteAt(bytes, at, end);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > depthMax) throw new TooDeep();
      const closer = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      closers[depth] = closer;
      at = skipSpace(bytes, at + 1, end);
      if (byteAt(bytes, at, end) !== closer) {
        if (closer === CLOSE_BRACE) at = checkKey(bytes, at, end);
        continue;
      }
    } else {
      at = checkScalar(bytes, at, end, byte);
    }
    // Behind a value, or before the bracket that closes an empty one.
    while (depth > 0) {
      at = skipSpace(bytes, at, end);
      const next = byteAt(bytes, at, end);
      const closer = closers[depth];
      if (next === COMMA) {
        at = skipSpace(bytes, at + 1, end);
        if (closer === CLOSE_BRACE) at = checkKey(bytes, at, end);
        break;
      }
      if (next !== closer) throw new NotJson();
      at += 1;
      depth -= 1;
    }
  } while (depth > 0);
  return at;
}

/** The start of the value behind the key at `start` and its colon. */
function checkKey(bytes: Uint8Array, start: number, end: number): number {
  if (byteAt(bytes, start, end) !== QUOTE) throw new NotJson();
  const colon = skipSpace(bytes, checkString(bytes, start, end), end);
  if (byteAt(bytes, colon, end) !== COLON) throw new NotJson();
  return skipSpace(bytes, colon + 1, end);
}

/** The end of the string at `start`. */
export function checkString(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  for (;;) {
    while (at < end && PLAIN[bytes[at] ?? 0] === 1) at += 1;
    const byte = byteAt(bytes, at, end);
    at += 1;
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH) throw new NotJson();
    at += escapeLength(bytes, at, end);
  }
}

/** 1 for what stands for itself in a string. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);

/** The first place from `start` on that is not white space. */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at < end; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}

/** Which no byte is: the text ends here. */
const NOTHING = -1;

export function byteAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? (bytes[at] ?? NOTHING) : NOTHING;
}

function checkScalar(bytes: Uint8Array, start: number, end: number, byte: number): number {
  switch (byte) {
    case QUOTE:
      return checkString(bytes, start, end);
    case 0x74:
      return checkWord(bytes, start, end, TRUE);
    case 0x66:
      return checkWord(bytes, start, end, FALSE);
    case 0x6e:
      return checkWord(bytes, start, end, NULL);
    default:
      return checkNumber(bytes, start, end);
  }
}

function checkWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): number {
  for (let index = 0; index < word.length; index += 1) {
    if (byteAt(bytes, start + index, end) !== word[index]) throw new NotJson();
  }
  return start + word.length;
}

function checkNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (byteAt(bytes, at, end) === MINUS) at += 1;
  at = byteAt(bytes, at, end) === ZERO ? at + 1 : checkDigits(bytes, at, end);
  if (byteAt(bytes, at, end) === POINT) at = checkDigits(bytes, at + 1, end);
  if ((byteAt(bytes, at, end) | CASE_BIT) !== LETTER_E) return at;
  const sign = byteAt(bytes, at + 1, end);
  return checkDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1, end);
}

/** One or more. */
function checkDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (isDigit(byteAt(bytes, at, end))) at += 1;
  if (at === start) throw new NotJson();
  return at;
}

/** @param at behind the backslash */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  const byte = byteAt(bytes, at, end);
  if (ESCAPES.has(byte)) return 1;
  if (byte !== LETTER_U) throw new NotJson();
  for (let digit = 1; digit <= 4; digit += 1) if (!isHexDigit(byteAt(bytes, at + digit, end))) throw new NotJson();
  return 5;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const letter = byte | CASE_BIT;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
/** Of a letter, set in the small one only. */
const CASE_BIT = 0x20;
/** What may stand alone behind a backslash. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));
