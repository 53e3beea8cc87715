import { machineTiming, type Timing } from "../src/client/timing.ts";

/** The machine's time, except that timers of one length go off when a test says so. */
export class HeldTiming implements Timing {
  readonly nowMs = machineTiming.nowMs;
  readonly random = machineTiming.random;
  readonly #heldMs: number;
  readonly #held = new Set<() => void>();
  #onSet = Promise.withResolvers<void>();

  constructor(heldMs: number) {
    this.#heldMs = heldMs;
  }

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    if (delayMs !== this.#heldMs) return machineTiming.after(delayMs, callback);
    this.#held.add(callback);
    this.#onSet.resolve();
    return () => void this.#held.delete(callback);
  };

  /** As soon as there is such a timer. */
  async goOff(): Promise<void> {
    while (this.#held.size === 0) {
      await this.#onSet.promise;
      this.#onSet = Promise.withResolvers<void>();
    }
    const callbacks = [...this.#held];
    this.#held.clear();
    for (const callback of callbacks) callback();
  }
}
