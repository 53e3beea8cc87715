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

/** Checks JSON text (RFC 8259) without building anything from it. Positions are UTF-16 offsets. */

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
export function checkJson(text: string, depthMax: number): void {
  const end = checkValue(text, skipSpace(text, 0), depthMax, undefined);
  if (skipSpace(text, end) < text.length) throw new NotJson();
}

/**
 * The end of the value at `start`, which is not white space. Takes as long as the value, and stops at the first thing
 * that is wrong: nobody has looked at what stands behind it.
 * @param depthMax levels of arrays and objects in it
 * @param allowance what each value in it, and itself, is taken from; undefined for any number
 * @throws NotJson, TooDeep, or what the allowance throws
 */
export function checkValue(text: string, start: number, depthMax: number, allowance: Allowance | undefined): number {
  if (closers.length <= depthMax) closers = new Uint8Array(depthMax + 1);
  let depth = 0;
  let at = start;
  do {
    allowance?.spend();
    const unit = text.charCodeAt(at);
    if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      depth += 1;
      if (depth > depthMax) throw new TooDeep();
      const closer = unit === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      closers[depth] = closer;
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) !== closer) {
        if (closer === CLOSE_BRACE) at = checkKey(text, at);
        continue;
      }
    } else {
      at = checkScalar(text, at, unit);
    }
    // Behind a value, or before the bracket that closes an empty one.
    while (depth > 0) {
      at = skipSpace(text, at);
      const next = text.charCodeAt(at);
      const closer = closers[depth];
      if (next === COMMA) {
        at = skipSpace(text, at + 1);
        if (closer === CLOSE_BRACE) at = checkKey(text, at);
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
function checkKey(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) throw new NotJson();
  const colon = skipSpace(text, checkString(text, start));
  if (text.charCodeAt(colon) !== COLON) throw new NotJson();
  return skipSpace(text, colon + 1);
}

/** The end of the string at `start`. */
export function checkString(text: string, start: number): number {
  let at = start + 1;
  let plain = 0;
  for (;;) {
    const unit = text.charCodeAt(at);
    at += 1;
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) {
      at += escapeLength(text, at);
      plain = 0;
      continue;
    }
    // Holds for NaN as well, behind the end.
    if (!(unit >= 0x20)) throw new NotJson();
    plain += 1;
    if (plain < PLAIN_RUN) continue;
    at = nextSpecial(text, at);
    plain = 0;
  }
}

/** After so many characters without a meaning, searching for the next that has one costs less than going on. */
const PLAIN_RUN = 32;
/** A class of few characters, which is what the engine is quick to search for. */
const SPECIAL = new RegExp(`["\\\\${String.fromCharCode(0)}-${String.fromCharCode(0x1f)}]`, "g");

/** Where the next character is that ends a string, begins an escape, or must not be in one. */
function nextSpecial(text: string, start: number): number {
  SPECIAL.lastIndex = start;
  if (!SPECIAL.test(text)) throw new NotJson();
  return SPECIAL.lastIndex - 1;
}

/** The first place from `start` on that is not white space. */
export function skipSpace(text: string, start: number): number {
  let at = start;
  for (;;) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return at;
    at += 1;
  }
}

function checkScalar(text: string, start: number, unit: number): number {
  switch (unit) {
    case QUOTE:
      return checkString(text, start);
    case 0x74:
      return checkWord(text, start, "true");
    case 0x66:
      return checkWord(text, start, "false");
    case 0x6e:
      return checkWord(text, start, "null");
    default:
      return checkNumber(text, start);
  }
}

function checkWord(text: string, start: number, word: string): number {
  if (!text.startsWith(word, start)) throw new NotJson();
  return start + word.length;
}

function checkNumber(text: string, start: number): number {
  let at = start;
  if (text.charCodeAt(at) === MINUS) at += 1;
  at = text.charCodeAt(at) === ZERO ? at + 1 : checkDigits(text, at);
  if (text.charCodeAt(at) === POINT) at = checkDigits(text, at + 1);
  if ((text.charCodeAt(at) | CASE_BIT) !== LETTER_E) return at;
  const sign = text.charCodeAt(at + 1);
  return checkDigits(text, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

/** One or more. */
function checkDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  if (at === start) throw new NotJson();
  return at;
}

/** @param at behind the backslash */
function escapeLength(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (ESCAPES.has(unit)) return 1;
  if (unit !== LETTER_U) throw new NotJson();
  for (let digit = 1; digit <= 4; digit += 1) if (!isHexDigit(text.charCodeAt(at + digit))) throw new NotJson();
  return 5;
}

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= 0x39;
}

function isHexDigit(unit: number): boolean {
  const letter = unit | CASE_BIT;
  return isDigit(unit) || (letter >= 0x61 && letter <= 0x66);
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
/** Of a letter, set in the small one only. */
const CASE_BIT = 0x20;
/** What may stand alone behind a backslash. */
const ESCAPES = new Set(Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0)));
