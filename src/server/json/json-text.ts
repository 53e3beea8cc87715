/** Finds the pieces of a JSON text that is already known to be valid. Positions are UTF-16 offsets. */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

export interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface Member extends Span {
  readonly key: string;
}

/** Thrown when a value nests deeper than allowed. */
export class TooDeep extends Error {
  override readonly name = "TooDeep";
}

/**
 * The members of the object at `start`, duplicates included, each with the span of its value.
 * @throws TooDeep when a value holds more than `depthMax` levels of arrays and objects
 */
export function membersOf(text: string, start: number, depthMax: number): Member[] {
  const members: Member[] = [];
  let at = skipBlank(text, skipBlank(text, start) + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const keyEnd = endOfString(text, at);
    const valueStart = skipBlank(text, skipBlank(text, keyEnd) + 1);
    const valueEnd = endOfValue(text, valueStart, depthMax);
    members.push({ key: keyOf(text, at, keyEnd), start: valueStart, end: valueEnd });
    at = skipBlank(text, valueEnd);
    if (text.charCodeAt(at) === COMMA) at = skipBlank(text, at + 1);
  }
  return members;
}

/**
 * The elements of the array at `start`.
 * @throws TooDeep like `membersOf`
 */
export function elementsOf(text: string, start: number, depthMax: number): Span[] {
  const elements: Span[] = [];
  let at = skipBlank(text, start + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = endOfValue(text, at, depthMax);
    elements.push({ start: at, end });
    at = skipBlank(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipBlank(text, at + 1);
  }
  return elements;
}

function endOfValue(text: string, start: number, depthMax: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfWord(text, start);
  let depth = 0;
  let at = start;
  do {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      depth += 1;
      if (depth > depthMax) throw new TooDeep();
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      depth -= 1;
    }
    at += 1;
  } while (depth > 0);
  return at;
}

/** A string ends at the first quote that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  for (;;) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
}

/** Numbers, `true`, `false` and `null`. */
function endOfWord(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit === COMMA || unit === CLOSE_BRACE || unit === CLOSE_BRACKET || unit <= 0x20) break;
    at += 1;
  }
  return at;
}

function skipBlank(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

export function keyOf(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  if (!raw.includes("\\")) return raw;
  // A JSON string, so parsing yields a string.
  return JSON.parse(text.slice(start, end)) as string;
}
