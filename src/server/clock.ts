/** Where time comes from, in milliseconds. */
export interface TimeSources {
  /** Never jumps; only differences count. */
  readonly monotonicMs: () => number;
  /** Since the epoch; whoever sets the machine's time makes it jump. */
  readonly wallMs: () => number;
}

/** The most the clock may run fast or slow: half a millisecond per second. */
const SLEW_MAX = 500e-6;
const LOOK_INTERVAL_MS = 100;

/**
 * Milliseconds since the epoch, with fractions, that run with the monotonic source and drift towards the wall clock by at most
 * 500 parts per million. They never run backwards and never jump, so that a lease is as long as it was promised to be
 * even when somebody sets the machine's clock by an hour.
 */
export class Clock {
  readonly #sources: TimeSources;
  /** The last look at the wall clock. Times are counted from there: adding up small steps would lose their fractions. */
  #anchor: { readonly nowMs: number; readonly monotonicMs: number; readonly behindMs: number };
  #lastMs: number;

  constructor(sources: TimeSources) {
    this.#sources = sources;
    const nowMs = sources.wallMs();
    this.#anchor = { nowMs, monotonicMs: sources.monotonicMs(), behindMs: 0 };
    this.#lastMs = nowMs;
  }

  now(): number {
    const monotonicMs = this.#sources.monotonicMs();
    const { nowMs, monotonicMs: sinceMs, behindMs } = this.#anchor;
    const elapsedMs = monotonicMs - sinceMs;
    const slewMaxMs = elapsedMs * SLEW_MAX;
    const exactMs = nowMs + (elapsedMs + Math.min(Math.max(behindMs, -slewMaxMs), slewMaxMs));
    if (elapsedMs >= LOOK_INTERVAL_MS) {
      this.#anchor = { nowMs: exactMs, monotonicMs, behindMs: this.#sources.wallMs() - exactMs };
    }
    this.#lastMs = Math.max(this.#lastMs, exactMs);
    return this.#lastMs;
  }

  /** How far the wall clock is ahead, in milliseconds; large after a jump. */
  wallAheadMs(): number {
    return this.#sources.wallMs() - this.now();
  }
}

/** The machine's own time. */
export const machineTime: TimeSources = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** Calls back once, not before `delayMs` have passed; yields what cancels it. */
export function schedule(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
