import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";

interface Outgoing {
  readonly event: unknown;
  readonly fate: Fate | undefined;
}

/** What became of a message; at most one of the two is called. */
export interface Fate {
  /** The connection has taken the whole message. */
  written(): void;
  /** It was not sent, and will not be. */
  dropped(): void;
}

/**
 * Sends the messages of one stream, one at a time: each waits until the connection has taken the one before it. So it is
 * known of every message whether the client may have it, and what comes up meanwhile can still share a message.
 */
export class StreamWriter {
  readonly #call: ServerInterceptingCallInterface;
  readonly #onIdle: () => void;
  #queue: Outgoing[] = [];
  #writing: Outgoing | undefined;
  #closed = false;

  /** @param onIdle everything has been taken */
  constructor(call: ServerInterceptingCallInterface, onIdle: () => void) {
    this.#call = call;
    this.#onIdle = onIdle;
  }

  get idle(): boolean {
    return this.#writing === undefined;
  }

  /** Messages that wait, the one under way included. */
  get backlog(): number {
    return this.#queue.length + (this.#writing === undefined ? 0 : 1);
  }

  /** The message under way, to see whether it is still the same one. */
  get current(): object | undefined {
    return this.#writing;
  }

  /**
   * @param event as the service's `responseSerialize` takes it
   * @param fate not told when nobody knows: when a message was half written and the stream then ended
   */
  send(event: unknown, fate?: Fate): void {
    if (this.#closed) {
      fate?.dropped();
      return;
    }
    this.#queue.push({ event, fate });
    if (this.#writing === undefined) this.#next();
  }

  /** Takes messages back that wait behind another and whose fate somebody cares for. */
  withdraw(): void {
    const waiting = this.#queue;
    this.#queue = waiting.filter(({ fate }) => fate === undefined);
    for (const { fate } of waiting) fate?.dropped();
  }

  /**
   * Nothing is sent any more; what waits is dropped.
   * @param connected the message under way may still reach the client
   */
  close(connected: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    const dropped = this.#queue;
    if (this.#writing !== undefined && !connected) dropped.unshift(this.#writing);
    this.#queue = [];
    this.#writing = undefined;
    for (const { fate } of dropped) fate?.dropped();
  }

  #next(): void {
    const item = this.#queue.shift();
    this.#writing = item;
    if (item === undefined) {
      this.#onIdle();
      return;
    }
    this.#call.sendMessage(item.event, () => {
      if (this.#closed) return;
      item.fate?.written();
      this.#next();
    });
  }
}
