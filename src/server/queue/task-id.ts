import type { TaskKey } from "./task.ts";

/**
 * Public ids are UUID version 7 (RFC 9562, method 1: the counter continues the timestamp), so they sort by creation
 * time and fit wherever the reference's random UUIDs did:
 *
 *     tttttttt-tttt-7ccc-8sst-tttttttttttt
 *     48 bits of time, 12 of counter, 8 of shard, 52 of tag
 *
 * Time and counter are the task's sequence number in its shard, which is its row number on disk: looking a task up by
 * id needs no index. The tag is a keyed hash of the rest. It keeps ids of two data directories apart and makes a
 * mistyped or invented id a miss before the store is asked.
 */

/** 2025-01-01. Sequence numbers count from here so that time and counter fit in the 53 exact bits of a double. */
const EPOCH_MS = 1_735_689_600_000;
const STEPS_PER_MS = 4096;

export type TaskIdSeed = readonly [number, number];

/** The first sequence number of a millisecond. */
export function sequenceAt(ms: number): number {
  return (ms - EPOCH_MS) * STEPS_PER_MS;
}

/** The millisecond a sequence number was made in. */
export function sequenceMs(sequence: number): number {
  return Math.floor(sequence / STEPS_PER_MS) + EPOCH_MS;
}

/** Hands out ascending sequence numbers that carry the time; past 4096 in one millisecond it borrows from the next. */
export class Sequence {
  #last: number;

  constructor(last: number) {
    this.#last = last;
  }

  next(now: number): number {
    this.#last = Math.max(this.#last + 1, sequenceAt(now));
    return this.#last;
  }

  /** The highest so far. */
  get last(): number {
    return this.#last;
  }

  /** Takes back what was handed out after this number. */
  rewind(last: number): void {
    this.#last = last;
  }

  /** Makes sure that numbers handed out later are above one made elsewhere. */
  follow(sequence: number): void {
    if (sequence > this.#last) this.#last = sequence;
  }
}

export const TASK_ID_BYTES = 36;

const ASCII = new TextDecoder();
/** For one id, until it is a text. */
const written = new Uint8Array(TASK_ID_BYTES);

export function formatTaskId(key: TaskKey, seed: TaskIdSeed): string {
  writeTaskId(key, seed, written, 0);
  return ASCII.decode(written);
}

/**
 * As ASCII straight into a message: where ids go out by the thousand, making a text of each and copying that takes four
 * times as long.
 */
export function writeTaskId(key: TaskKey, seed: TaskIdSeed, target: Uint8Array, start: number): void {
  const ms = sequenceMs(key.sequence);
  const { high, low } = tagOf(key, seed);
  let at = writeByte(target, start, Math.floor(ms / 0x100_0000_0000));
  at = writeByte(target, at, Math.floor(ms / 0x1_0000_0000) & 0xff);
  at = writeByte(target, at, (ms >>> 24) & 0xff);
  at = writeByte(target, at, (ms >>> 16) & 0xff);
  target[at] = DASH;
  at = writeByte(target, at + 1, (ms >>> 8) & 0xff);
  at = writeByte(target, at, ms & 0xff);
  const counter = key.sequence % STEPS_PER_MS;
  target[at] = DASH;
  at = writeByte(target, at + 1, 0x70 | (counter >>> 8));
  at = writeByte(target, at, counter & 0xff);
  target[at] = DASH;
  at = writeByte(target, at + 1, 0x80 | (key.shard >>> 4));
  at = writeByte(target, at, ((key.shard & 0xf) << 4) | (high >>> 16));
  target[at] = DASH;
  at = writeByte(target, at + 1, (high >>> 8) & 0xff);
  at = writeByte(target, at, high & 0xff);
  at = writeByte(target, at, low >>> 24);
  at = writeByte(target, at, (low >>> 16) & 0xff);
  at = writeByte(target, at, (low >>> 8) & 0xff);
  writeByte(target, at, low & 0xff);
}

/** The key inside a public id, or undefined for anything this data directory never handed out. */
export function parseTaskId(id: string, seed: TaskIdSeed): TaskKey | undefined {
  if (id.length !== TASK_ID_BYTES) return undefined;
  for (let at = 0; at < TASK_ID_BYTES; at += 1) {
    const unit = id.charCodeAt(at);
    // Would lose its upper half.
    if (unit > 0xff) return undefined;
    written[at] = unit;
  }
  return readTaskId(written, 0, seed);
}

/** `parseTaskId` of `TASK_ID_BYTES` bytes of ASCII in a message. */
export function readTaskId(bytes: Uint8Array, start: number, seed: TaskIdSeed): TaskKey | undefined {
  if (bytes[start + 8] !== DASH || bytes[start + 13] !== DASH || bytes[start + 18] !== DASH) return undefined;
  if (bytes[start + 23] !== DASH || bytes[start + 14] !== VERSION || bytes[start + 19] !== VARIANT) return undefined;
  const ms = digits(bytes, start, 8) * 0x1_0000 + digits(bytes, start + 9, 4);
  const shard = digits(bytes, start + 20, 2);
  const key = { shard, sequence: sequenceAt(ms) + digits(bytes, start + 15, 3) };
  // What is no digit has become NaN on the way, which fits nothing.
  if (!Number.isSafeInteger(key.sequence) || key.sequence < 0) return undefined;
  const { high, low } = tagOf(key, seed);
  const isHigh = digits(bytes, start + 22, 1) * 0x1_0000 + digits(bytes, start + 24, 4) === high;
  return isHigh && digits(bytes, start + 28, 8) === low && !Number.isNaN(shard) ? key : undefined;
}

const DASH = 0x2d;
/** The first digits of their groups. */
const VERSION = 0x37;
const VARIANT = 0x38;
/** The two digits of each byte: ids are made for every task at every step. */
const HEX_BYTES = Uint8Array.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""),
  (digit) => digit.charCodeAt(0),
);

/** @returns the place behind the two digits */
function writeByte(target: Uint8Array, at: number, byte: number): number {
  target[at] = HEX_BYTES[byte * 2] ?? 0;
  target[at + 1] = HEX_BYTES[byte * 2 + 1] ?? 0;
  return at + 2;
}

/** The value of each lower-case hex digit, NaN for anything else. */
const HEX_VALUES = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(byte));
  return value < 0 ? Number.NaN : value;
});

function digits(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at += 1) value = value * 16 + (HEX_VALUES[bytes[at] ?? 0] ?? Number.NaN);
  return value;
}

/** 20 bits and 32. Mixing steps are MurmurHash3's 32-bit finalizer (Austin Appleby, public domain). */
function tagOf(key: TaskKey, seed: TaskIdSeed): { readonly high: number; readonly low: number } {
  const low = key.sequence >>> 0;
  const high = Math.floor(key.sequence / 0x1_0000_0000);
  const a = mix(seed[0] ^ mix(low ^ mix(high ^ Math.imul(key.shard + 1, 0x9e37_79b1))));
  const b = mix(seed[1] ^ mix(a ^ low));
  return { high: a & 0xf_ffff, low: b };
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
