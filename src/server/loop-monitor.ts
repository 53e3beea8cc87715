import type { Clock } from "./clock.ts";
import type { Schedule } from "./duty-loop.ts";
import type { Log } from "./log.ts";

export interface LoopMonitorOptions {
  readonly clock: Clock;
  readonly monotonicMs: () => number;
  readonly schedule: Schedule;
  readonly onDelay: (seconds: number) => void;
  readonly log: Log;
}

/** Rare enough to cost nothing, often enough for a histogram. */
const INTERVAL_MS = 500;
const JUMP_MS = 10_000;

/** Watches what nobody else would notice: a blocked event loop, and a wall clock that jumped. */
export class LoopMonitor {
  readonly #options: LoopMonitorOptions;
  #cancel: (() => void) | undefined;
  #jumped = false;

  constructor(options: LoopMonitorOptions) {
    this.#options = options;
    this.#next();
  }

  stop(): void {
    this.#cancel?.();
  }

  #next(): void {
    const { monotonicMs, schedule, onDelay } = this.#options;
    const expectedMs = monotonicMs() + INTERVAL_MS;
    this.#cancel = schedule(() => {
      onDelay(Math.max(0, monotonicMs() - expectedMs) / 1000);
      this.#watchClock();
      this.#next();
    }, INTERVAL_MS);
  }

  #watchClock(): void {
    const aheadMs = this.#options.clock.wallAheadMs();
    const jumped = Math.abs(aheadMs) > JUMP_MS;
    if (jumped === this.#jumped) return;
    this.#jumped = jumped;
    if (!jumped) this.#options.log.info("the wall clock and the server's agree again");
    else {
      const aheadSeconds = Math.round(aheadMs / 1000);
      this.#options.log.warn(
        "the wall clock jumped; leases and delays keep their length, a restart takes the new time",
        {
          aheadSeconds,
        },
      );
    }
  }
}
