import type { Schedule } from "../duty-loop.ts";
import type { StreamSession } from "./stream-session.ts";

/** How often the holder of a token may ask, on streams and over HTTP together. */
export interface StreamRate {
  /** @returns 0 when a message may pass, else the milliseconds after which it is worth trying again */
  take(digest: Buffer): number;
  /** A message was held up. */
  held(): void;
}

export interface RateGateOptions<Message> {
  readonly rate: StreamRate;
  /** The token's. */
  readonly digest: Buffer;
  readonly schedule: Schedule;
  /** Told when what was held has passed, or some of it, and when handling it failed. */
  readonly session: Pick<StreamSession, "settled" | "fail">;
  readonly handle: (message: Message) => void;
}

/**
 * Lets the messages of a stream pass as often as their token may ask, in order. The others wait: clients of the streams
 * know no answer that says "later". Whoever calls `pass` bounds how many.
 */
export class RateGate<Message> {
  readonly #options: RateGateOptions<Message>;
  #held: Message[] = [];
  #cancel: (() => void) | undefined;

  constructor(options: RateGateOptions<Message>) {
    this.#options = options;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Handles a message, now or later. */
  pass(message: Message): void {
    const { rate, digest, handle } = this.#options;
    if (this.#held.length === 0) {
      const waitMs = rate.take(digest);
      if (waitMs === 0) {
        handle(message);
        return;
      }
      this.#tryAgainIn(waitMs);
    }
    rate.held();
    this.#held.push(message);
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
    const { rate, digest, session, handle } = this.#options;
    try {
      for (let message = this.#held[0]; message !== undefined; message = this.#held[0]) {
        const waitMs = rate.take(digest);
        if (waitMs > 0) {
          this.#tryAgainIn(waitMs);
          break;
        }
        this.#held.shift();
        handle(message);
      }
      session.settled();
    } catch (error) {
      session.fail(error);
    }
  }
}
