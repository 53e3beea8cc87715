import { isUtf8 } from "node:buffer";
import { accepted, type Outcome, refused } from "../queue/errors.ts";

const REPLACEMENT = "\uFFFD";
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** JSON as it came over the wire, checked: what it is, and the text byte for byte. */
export interface JsonBytes {
  readonly text: string;
  readonly isObject: boolean;
}

/** @returns INVALID_ARGUMENT, with what is wrong, for what is not UTF-8, not JSON (RFC 8259) or nested too deep */
export function readJson(bytes: Uint8Array, depthMax: number): Outcome<JsonBytes> {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
  const text = buffer.toString("utf8");
  if (text.includes(REPLACEMENT) && !isUtf8(buffer)) return refused("INVALID_ARGUMENT", "not valid UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused("INVALID_ARGUMENT", "not valid JSON");
  }
  // So many levels need as many brackets, and twice that to close them.
  if (text.length > depthMax * 2 && depthOf(text) > depthMax) {
    return refused("INVALID_ARGUMENT", `nested deeper than ${depthMax} levels`);
  }
  return accepted({ text, isObject: typeof value === "object" && value !== null && !Array.isArray(value) });
}

/** Levels of arrays and objects in a text that is valid JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Brackets differ from braces in one bit: 5b 5d, 7b 7d.
    const folded = unit | 0x20;
    if (unit === QUOTE) at = endOfString(text, at);
    else if (folded === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (folded === 0x7d) depth -= 1;
  }
  return deepest;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
