import type { Schedule } from "./duty-loop.ts";

const DELAY_INTERVAL_MS = 10;
/** Ten minutes of them. */
const DELAYS_MAX = 60_000;

export interface LoopDelaySeriesOptions {
  readonly monotonicMs: () => number;
  readonly schedule: Schedule;
}

export interface LoopDelayData {
  readonly intervalMs: number;
  /** Since the beginning, whole. */
  readonly atMs: readonly number[];
  readonly delayMs: readonly number[];
}

/** How late a timer is, every ten milliseconds from its construction until it is stopped. */
export class LoopDelaySeries {
  readonly #options: LoopDelaySeriesOptions;
  readonly #startMs: number;
  readonly #atMs: number[] = [];
  readonly #delayMs: number[] = [];
  #cancel: () => void = () => undefined;

  constructor(options: LoopDelaySeriesOptions) {
    this.#options = options;
    this.#startMs = options.monotonicMs();
    this.#next();
  }

  stop(): void {
    this.#cancel();
  }

  data(): LoopDelayData {
    return { intervalMs: DELAY_INTERVAL_MS, atMs: this.#atMs, delayMs: this.#delayMs };
  }

  #next(): void {
    const { monotonicMs, schedule } = this.#options;
    if (this.#atMs.length >= DELAYS_MAX) return;
    const dueMs = monotonicMs() + DELAY_INTERVAL_MS;
    this.#cancel = schedule(() => {
      const nowMs = monotonicMs();
      this.#atMs.push(Math.round(nowMs - this.#startMs));
      this.#delayMs.push(Math.max(0, Math.round((nowMs - dueMs) * 1000) / 1000));
      this.#next();
    }, DELAY_INTERVAL_MS);
  }
}
