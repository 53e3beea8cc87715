import type { Log } from "./log.ts";

/** Something to do again and again. */
export interface Duty {
  readonly name: string;
  /** Does one bounded piece of work. Yields when there is more to do, in clock time; undefined when nothing is known. */
  runOnce(): Promise<number | undefined>;
}

/** Calls back after a delay; yields what cancels it. */
export type Schedule = (callback: () => void, delayMs: number) => () => void;

export interface DutyLoopOptions {
  readonly duty: Duty;
  readonly clock: () => number;
  readonly schedule: Schedule;
  readonly log: Log;
}

/** The clock may run a little faster than timers do: look again before the difference counts. */
const SLEEP_MS_MAX = 10_000;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;

/**
 * Runs a duty at the earliest moment anybody asked for, never twice at the same time. A duty that fails is tried again
 * with growing pauses, and is reported once for each new reason.
 */
export class DutyLoop {
  readonly #options: DutyLoopOptions;
  /** When the duty runs next; Infinity when nobody asked. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** Not before this moment: a duty that failed needs its pause. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #retryMs = RETRY_MS_MIN;
  #failure: string | undefined;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: DutyLoopOptions) {
    this.#options = options;
  }

  /** Makes sure that the duty runs at this moment, or as soon after it as possible. Cheap when it would anyway. */
  wakeAt(dueMs: number): void {
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    if (this.#running === undefined) this.#arm();
  }

  /** Resolves once the piece of work that runs, if any, is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#stopped || this.#dueMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(this.#dueMs, this.#pausedUntilMs) - this.#options.clock();
    this.#cancel = this.#options.schedule(() => this.#ring(), Math.min(Math.max(delayMs, 0), SLEEP_MS_MAX));
  }

  #ring(): void {
    this.#cancel = undefined;
    if (this.#stopped || this.#running !== undefined) return;
    if (Math.max(this.#dueMs, this.#pausedUntilMs) > this.#options.clock()) {
      this.#arm();
      return;
    }
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#arm();
    });
  }

  async #run(): Promise<void> {
    // What is asked for from here on counts for the next run.
    this.#dueMs = Number.POSITIVE_INFINITY;
    try {
      const nextMs = await this.#options.duty.runOnce();
      this.#recovered();
      if (nextMs !== undefined) this.#dueMs = Math.min(this.#dueMs, nextMs);
    } catch (error) {
      this.#failed(error);
    }
  }

  #recovered(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#retryMs = RETRY_MS_MIN;
    this.#options.log.info(`${this.#options.duty.name} works again`);
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#failure) this.#options.log.error(`${this.#options.duty.name} failed`, { reason });
    this.#failure = reason;
    const now = this.#options.clock();
    this.#pausedUntilMs = now + this.#retryMs;
    this.#dueMs = now;
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }
}
