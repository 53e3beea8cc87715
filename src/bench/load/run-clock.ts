/**
 * Microseconds since the start of a run, the same in all threads to a few hundredths of a millisecond: each thread's own
 * clock counts from a time of day that is read once, when the thread starts.
 */
export class RunClock {
  readonly #offsetMs: number;

  /** @param originMs the start of the run, as milliseconds since the epoch */
  constructor(originMs: number) {
    this.#offsetMs = performance.timeOrigin - originMs;
  }

  /** Milliseconds since the epoch. */
  static now(): number {
    return performance.timeOrigin + performance.now();
  }

  nowUs(): number {
    return (this.#offsetMs + performance.now()) * 1000;
  }
}
