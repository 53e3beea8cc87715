import { SLOTS, slotOf } from "../histogram.ts";

/** The counts come first. */
const HEAD_WORDS = 16;

/**
 * What one load thread has done so far, in memory it shares with the main thread, which looks at it now and then: a few
 * counts, and a histogram of latencies in microseconds for the live line.
 */
export class LiveCounts {
  readonly words: Int32Array;

  static readonly bytes = (HEAD_WORDS + SLOTS) * Int32Array.BYTES_PER_ELEMENT;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  add(count: LiveCount, number: number): void {
    const at = PLACES[count];
    this.words[at] = (this.words[at] ?? 0) + number;
  }

  get(count: LiveCount): number {
    return this.words[PLACES[count]] ?? 0;
  }

  latency(us: number): void {
    const at = HEAD_WORDS + slotOf(Math.max(0, Math.round(us)));
    this.words[at] = (this.words[at] ?? 0) + 1;
  }

  /** Adds the number of latencies in each slot to `into`. */
  addLatencies(into: Float64Array): void {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      into[slot] = (into[slot] ?? 0) + (this.words[HEAD_WORDS + slot] ?? 0);
    }
  }
}

export type LiveCount = keyof typeof PLACES;

const PLACES = {
  /** Creates sent, acknowledged or refused; tasks delivered; results sent, acknowledged or refused. */
  createsSent: 0,
  createsAnswered: 1,
  delivered: 2,
  resultsSent: 3,
  resultsAnswered: 4,
  resultsAcked: 5,
  /** Creates that were acknowledged. */
  created: 6,
  skippedArrivals: 7,
} as const;
