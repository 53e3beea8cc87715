/**
 * What happened to each task, one row of twenty words for each tag, in memory that all load threads share: cheap enough
 * to keep for every task at any rate. Threads write words of their own; what does not fit into a row, such as a second
 * delivery, goes to `Irregulars`. Times are microseconds on the run's clock, 0 for "not yet".
 */
export class TaskRows {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly tasksMax: number;

  static bufferFor(tasksMax: number): SharedArrayBuffer {
    return new SharedArrayBuffer((tasksMax + 1) * ROW_WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.tasksMax = this.words.length / ROW_WORDS - 1;
  }

  /** How many tags are taken. Tags count from 0. */
  get size(): number {
    return Math.min(Atomics.load(this.words, NEXT_TAG), this.tasksMax);
  }

  /** Tasks that are wanted or made, and not delivered. */
  get waiting(): number {
    return this.size - Atomics.load(this.words, DELIVERED);
  }

  addDelivered(): void {
    Atomics.add(this.words, DELIVERED, 1);
  }

  /** More tags were wanted than there are. */
  get full(): boolean {
    return Atomics.load(this.words, NEXT_TAG) > this.tasksMax;
  }

  /** The first of so many tags that are the caller's from now on, or undefined when not so many are left. */
  take(count: number): number | undefined {
    const first = Atomics.add(this.words, NEXT_TAG, count);
    return first + count <= this.tasksMax ? first : undefined;
  }

  /** Where the row of a tag begins in `words`. */
  at(tag: number): number {
    return (tag + 1) * ROW_WORDS;
  }

  /** Unsigned, as times are. */
  time(tag: number, word: RowTime): number {
    return (this.words[this.at(tag) + word] ?? 0) >>> 0;
  }

  /** A word that is not a time. */
  value(tag: number, word: number): number {
    return this.words[this.at(tag) + word] ?? 0;
  }

  /** The task's public id if it is known. */
  idOf(tag: number): string | undefined {
    return this.#idAt(this.at(tag) + ROW.createdId) ?? this.#idAt(this.at(tag) + ROW.deliveredId);
  }

  #idAt(at: number): string | undefined {
    const words = [...this.words.subarray(at, at + 4)];
    if (words.every((word) => word === 0)) return undefined;
    const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

const ROW_WORDS = 20;
/** Row 0 belongs to no task: its words are counts. */
const NEXT_TAG = 0;
const DELIVERED = 1;

/** Words of a row. */
export const ROW = {
  /** When an open model wanted the create to start; equal to `createInvoke` in a closed one. */
  intended: 0,
  createInvoke: 1,
  createDone: 2,
  claimInvoke: 3,
  deliverDone: 4,
  resultInvoke: 5,
  resultDone: 6,
  /** Four words each: the 128 bits of the id as the ack of the create told it, and as the first delivery did. */
  createdId: 7,
  deliveredId: 11,
  /** A `CREATE` state. */
  create: 15,
  deliveries: 16,
  /** A `RESULT` state. */
  result: 17,
  delayMs: 18,
  /** As the server counts, of the first delivery. */
  attempts: 19,
} as const;

export type RowTime = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** `sent` stays when there is no answer. */
export const CREATE = { none: 0, sent: 1, acked: 2, refused: 3 } as const;
export const RESULT = { none: 0, sent: 1, acked: 2, refused: 3 } as const;
