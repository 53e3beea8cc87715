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

  /** Makes sure that numbers handed out later are above one made elsewhere. */
  follow(sequence: number): void {
    if (sequence > this.#last) this.#last = sequence;
  }
}

const HEX_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

export function formatTaskId(key: TaskKey, seed: TaskIdSeed): string {
  const ms = sequenceMs(key.sequence);
  const time = hex(ms, 12);
  const counter = hex(key.sequence % STEPS_PER_MS, 3);
  const tag = tagOf(key, seed);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-8${HEX_BYTE[key.shard] ?? ""}${tag.slice(0, 1)}-${tag.slice(1)}`;
}

const TASK_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;

/** The key inside a public id, or undefined for anything this data directory never handed out. */
export function parseTaskId(id: string, seed: TaskIdSeed): TaskKey | undefined {
  if (id.length !== 36 || !TASK_ID.test(id)) return undefined;
  const ms = Number.parseInt(id.slice(0, 8), 16) * 0x10000 + Number.parseInt(id.slice(9, 13), 16);
  const sequence = sequenceAt(ms) + Number.parseInt(id.slice(15, 18), 16);
  const key = { shard: Number.parseInt(id.slice(20, 22), 16), sequence };
  if (!Number.isSafeInteger(sequence) || sequence < 0) return undefined;
  const tag = tagOf(key, seed);
  return id.slice(22, 23) === tag.slice(0, 1) && id.slice(24) === tag.slice(1) ? key : undefined;
}

/** 52 bits as 13 hex digits. Mixing steps are MurmurHash3's 32-bit finalizer (Austin Appleby, public domain). */
function tagOf(key: TaskKey, seed: TaskIdSeed): string {
  const low = key.sequence >>> 0;
  const high = Math.floor(key.sequence / 0x1_0000_0000);
  const a = mix(seed[0] ^ mix(low ^ mix(high ^ Math.imul(key.shard + 1, 0x9e37_79b1))));
  const b = mix(seed[1] ^ mix(a ^ low));
  return hex((a & 0xf_ffff) * 0x1_0000_0000 + (b >>> 0), 13);
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
