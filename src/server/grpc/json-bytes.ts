import { isUtf8 } from "node:buffer";
import { checkJson, NotJson, skipSpace } from "../json/json-scan.ts";
import { OPEN_BRACE, TooDeep } from "../json/json-text.ts";
import { accepted, type Outcome, refused } from "../queue/errors.ts";

const REPLACEMENT = "\uFFFD";

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
  try {
    checkJson(text, depthMax);
  } catch (error) {
    if (error instanceof NotJson) return refused("INVALID_ARGUMENT", error.message);
    if (error instanceof TooDeep) return refused("INVALID_ARGUMENT", `nested deeper than ${depthMax} levels`);
    throw error;
  }
  return accepted({ text, isObject: text.charCodeAt(skipSpace(text, 0)) === OPEN_BRACE });
}
