import type { StreamSession } from "./stream-session.ts";

/** Keeps an ack message small against what clients take. */
const ACKS_MAX = 4096;

/**
 * Acks of one stream on their way out. Those that are ready together share a message. Requests count as under way until
 * their ack is handed to the writer.
 */
export class AckLine<Ack> {
  readonly #session: StreamSession;
  readonly #eventOf: (acks: readonly Ack[], asBatch: boolean) => unknown;
  #acks: Ack[] = [];
  /** A lone ack goes out as a batch if it answers one. */
  #asBatch = false;
  /** Made once: it is needed for each message. */
  readonly #sendLater = (): void => this.send();

  /** @param eventOf makes the event that carries them; not as a batch when there is one */
  constructor(session: StreamSession, eventOf: (acks: readonly Ack[], asBatch: boolean) => unknown) {
    this.#session = session;
    this.#eventOf = eventOf;
  }

  /** The next ack answers a batch. */
  expectBatch(): void {
    this.#asBatch = true;
  }

  add(acks: readonly Ack[]): void {
    // Once the tasks of this turn are on their way to those who wait for them.
    if (this.#acks.length === 0 && this.#session.writer.idle) process.nextTick(this.#sendLater);
    for (const ack of acks) this.#acks.push(ack);
  }

  /** To be called when the writer has become idle. */
  send(): void {
    const { writer } = this.#session;
    if (this.#acks.length === 0 || !writer.idle) return;
    const asBatch = this.#acks.length > 1 || this.#asBatch;
    const sent = this.#acks.length <= ACKS_MAX ? this.#acks : this.#acks.slice(0, ACKS_MAX);
    this.#acks = this.#acks.slice(sent.length);
    if (this.#acks.length === 0) this.#asBatch = false;
    writer.send(this.#eventOf(sent, asBatch));
    this.#session.done(sent.length);
  }
}
