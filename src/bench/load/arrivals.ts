import type { Unsent } from "./load-plan.ts";

/**
 * When the creates of an open model should start: evenly spaced, whatever the server does. A pure function of the time,
 * so that a generator that was held up still knows when each should have been sent.
 */
export class Arrivals {
  readonly #startUs: number;
  readonly #stepUs: number;
  #next = 0;
  #noticed = 0;

  /**
   * @param startUs of the first
   * @param ratePerSecond more than 0
   */
  constructor(startUs: number, ratePerSecond: number) {
    this.#startUs = startUs;
    this.#stepUs = 1e6 / ratePerSecond;
  }

  /** The intended start of the next arrival. */
  get nextUs(): number {
    return this.#startUs + this.#next * this.#stepUs;
  }

  /** How many are due and not taken yet. */
  due(nowUs: number): number {
    if (nowUs < this.nextUs) return 0;
    return Math.floor((nowUs - this.#startUs) / this.#stepUs) + 1 - this.#next;
  }

  /** Those that are due and not taken yet, as a row in time. */
  unsent(nowUs: number): Unsent {
    return { count: this.due(nowUs), firstUs: this.nextUs, stepUs: this.#stepUs, untilUs: nowUs };
  }

  /** Tells how late each arrival is that has come due since the last call. */
  notice(nowUs: number, late: (us: number) => void): void {
    const end = this.#next + this.due(nowUs);
    for (; this.#noticed < end; this.#noticed += 1) late(nowUs - this.#startUs - this.#noticed * this.#stepUs);
  }

  /** Takes so many; yields the intended start of the first of them. */
  take(count: number): number {
    const firstUs = this.nextUs;
    this.#next += count;
    return firstUs;
  }
}
