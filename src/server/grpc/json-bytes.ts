import { isUtf8 } from "node:buffer";
import { byteAt, checkJson, NotJson, skipSpace } from "../json/json-scan.ts";
import { OPEN_BRACE, TooDeep } from "../json/json-text.ts";
import { CodeqError } from "../queue/errors.ts";

const REPLACEMENT = "\uFFFD";

/**
 * JSON in a message, checked: the text byte for byte.
 * @returns INVALID_ARGUMENT, with what is wrong, for what is not UTF-8, not JSON (RFC 8259) or nested too deep
 */
export function readJson(message: Buffer, start: number, end: number, depthMax: number): string | CodeqError {
  const text = message.toString("utf8", start, end);
  if (text.includes(REPLACEMENT) && !isUtf8(message.subarray(start, end))) return invalid("not valid UTF-8");
  try {
    checkJson(message, start, end, depthMax);
  } catch (error) {
    if (error instanceof NotJson) return invalid(error.message);
    if (error instanceof TooDeep) return invalid(`nested deeper than ${depthMax} levels`);
    throw error;
  }
  return text;
}

/** Of JSON that was checked. */
export function isObject(message: Buffer, start: number, end: number): boolean {
  return byteAt(message, skipSpace(message, start, end), end) === OPEN_BRACE;
}

function invalid(reason: string): CodeqError {
  return new CodeqError("INVALID_ARGUMENT", reason);
}
