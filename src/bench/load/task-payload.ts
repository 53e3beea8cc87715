/**
 * The payload of every task of the bench: `{"bench":true,"tag":"00000042"}`, longer with a filler. The tag tells which
 * create a delivery belongs to; its width is fixed, so that a message can be made once and its tags written over.
 */
export function taskPayload(payloadBytes: number): Buffer {
  const room = payloadBytes - PAYLOAD_BYTES_MIN;
  // Where there is no room for a field, blanks make up the size that was asked for.
  const filler =
    room < FILLER_FRAME.length ? " ".repeat(Math.max(0, room)) : `,"fill":"${"x".repeat(room - FILLER_FRAME.length)}"`;
  return Buffer.from(`${HEAD}${"0".repeat(TAG_DIGITS)}"${filler}}`, "latin1");
}

/** The result of every task: tells the tag, so that the stored result can be told from another's. */
export function taskResult(): Buffer {
  return Buffer.from(`${RESULT_HEAD}${"0".repeat(TAG_DIGITS)}"}`, "latin1");
}

/** @param at where the digits begin */
export function writeTag(bytes: Uint8Array, at: number, tag: number): void {
  let rest = tag;
  for (let digit = TAG_DIGITS - 1; digit >= 0; digit -= 1) {
    bytes[at + digit] = ZERO + (rest % 10);
    rest = (rest / 10) | 0;
  }
}

/** @returns the tag, or -1 when there are no digits */
export function readTag(bytes: Uint8Array, at: number): number {
  let tag = 0;
  for (let digit = 0; digit < TAG_DIGITS; digit += 1) {
    const value = (bytes[at + digit] ?? 0) - ZERO;
    if (value < 0 || value > 9) return -1;
    tag = tag * 10 + value;
  }
  return tag;
}

/**
 * Whether the bytes are a payload as it was sent, whatever its tag.
 * @param sent as `taskPayload` made it, or an encoding of that in which the tag's digits begin at `tagAt`
 */
export function isPayload(bytes: Uint8Array, start: number, end: number, sent: Uint8Array, tagAt: number): boolean {
  if (end - start !== sent.length) return false;
  for (let at = 0; at < sent.length; at += 1) {
    if (at === tagAt) at += TAG_DIGITS;
    if (bytes[start + at] !== sent[at]) return false;
  }
  return true;
}

const HEAD = '{"bench":true,"tag":"';
const RESULT_HEAD = '{"ok":true,"tag":"';
const FILLER_FRAME = ',"fill":""';
const TAG_DIGITS = 8;
const ZERO = 0x30;

/** Where the digits are in the payload and in the result. */
export const PAYLOAD_TAG_AT = HEAD.length;
export const RESULT_TAG_AT = RESULT_HEAD.length;
export const PAYLOAD_BYTES_MIN = HEAD.length + TAG_DIGITS + 2;
/** One more than the highest tag. */
export const TAGS_MAX = 10 ** TAG_DIGITS;
