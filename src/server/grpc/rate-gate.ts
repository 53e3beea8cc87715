import type { Schedule } from "../duty-loop.ts";

/** How often the holder of a token may ask, on streams and over HTTP together. */
export interface StreamRate {
  /** @returns 0 when a message may pass, else the milliseconds after which it is worth trying again */
  take(digest: Buffer): number;
  /** A message was held up. */
  held(): void;
}

export interface RateGateOptions {
  readonly rate: StreamRate;
  /** The token's. */
  readonly digest: Buffer;
  readonly schedule: Schedule;
  /** What was held has passed, or some of it. */
  readonly onPassed: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Lets the messages of a stream pass as often as their token may ask, in order. The others wait: clients of the streams
 * know no answer that says "later". Whoever calls `pass` bounds how many.
 */
export class RateGate {
  readonly #options: RateGateOptions;
  #held: (() => void)[] = [];
  #cancel: (() => void) | undefined;

  constructor(options: RateGateOptions) {
    this.#options = options;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Handles a message, now or later. */
  pass(handle: () => void): void {
    const { rate, digest } = this.#options;
    if (this.#held.length === 0) {
      const waitMs = rate.take(digest);
      if (waitMs === 0) {
        handle();
        return;
      }
      this.#tryAgainIn(waitMs);
    }
    rate.held();
    this.#held.push(handle);
  }

  /** Forgets what it holds. */
  close(): void {
    this.#cancel?.();
    this.#held = [];
  }

  #tryAgainIn(waitMs: number): void {
    this.#cancel = this.#options.schedule(() => this.#passHeld(), Math.ceil(waitMs));
  }

  #passHeld(): void {
    const { rate, digest, onPassed, onError } = this.#options;
    try {
      while (this.#held.length > 0) {
        const waitMs = rate.take(digest);
        if (waitMs > 0) {
          this.#tryAgainIn(waitMs);
          break;
        }
        this.#held.shift()?.();
      }
      onPassed();
    } catch (error) {
      onError(error);
    }
  }
}
