import type { Schedule } from "./duty-loop.ts";

/** Test-only: time and timers that go on when a test says so. */
export class HandSchedule {
  now = 1_800_000_000_000;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  readonly schedule: Schedule = (callback, delayMs) => {
    const timer = { atMs: this.now + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** Milliseconds until each timer, soonest first. */
  get pending(): number[] {
    return [...this.#timers].map(({ atMs }) => atMs - this.now).sort((a, b) => a - b);
  }

  /** Lets time pass, timer by timer; whatever each one starts is done before the next. */
  async pass(ms: number): Promise<void> {
    const endMs = this.now + ms;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#timers.delete(next);
      this.now = Math.max(this.now, next.atMs);
      next.callback();
      await settled();
    }
    this.now = endMs;
  }
}

/** All that can happen without time passing has happened. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
