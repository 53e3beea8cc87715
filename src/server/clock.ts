/** Where time comes from, in milliseconds. */
export interface TimeSources {
  /** Never jumps; only differences count. */
  readonly monotonicMs: () => number;
  /** Since the epoch; whoever sets the machine's time makes it jump. */
  readonly wallMs: () => number;
}

/** The most the clock may run fast or slow: half a millisecond per second. */
const SLEW_MAX = 500e-6;

/**
 * Whole milliseconds since the epoch that run with the monotonic source and drift towards the wall clock by at most
 * 500 parts per million. They never run backwards and never jump, so that a lease is as long as it was promised to be
 * even when somebody sets the machine's clock by an hour.
 */
export class Clock {
  readonly #sources: TimeSources;
  #nowMs: number;
  #monotonicMs: number;

  constructor(sources: TimeSources) {
    this.#sources = sources;
    this.#nowMs = sources.wallMs();
    this.#monotonicMs = sources.monotonicMs();
  }

  now(): number {
    const monotonicMs = this.#sources.monotonicMs();
    const elapsedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs = monotonicMs;
    const slewMaxMs = elapsedMs * SLEW_MAX;
    const behindMs = this.#sources.wallMs() - (this.#nowMs + elapsedMs);
    this.#nowMs += elapsedMs + Math.min(Math.max(behindMs, -slewMaxMs), slewMaxMs);
    return Math.floor(this.#nowMs);
  }

  /** How far the wall clock is ahead, in milliseconds; large after a jump. */
  wallAheadMs(): number {
    return this.#sources.wallMs() - this.#nowMs;
  }
}

/** The machine's own time. */
export const machineTime: TimeSources = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** Calls back once, not before `delayMs` have passed; yields what cancels it. */
export function schedule(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
