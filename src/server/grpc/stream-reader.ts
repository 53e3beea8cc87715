import type { FramedCall } from "./framed-call.ts";

/**
 * Takes messages from a stream one by one, for as long as whoever handles them has room. What is not taken stays with
 * the connection, and in the end with the client: flow control holds it there.
 */
export class StreamReader {
  readonly #call: FramedCall;
  readonly #mayRead: () => boolean;
  #asked = false;
  #inLoop = false;

  constructor(call: FramedCall, mayRead: () => boolean) {
    this.#call = call;
    this.#mayRead = mayRead;
  }

  /** To be called when a message has come, before `resume`. */
  arrived(): void {
    this.#asked = false;
  }

  /** Asks for the next message if there is room for it. */
  resume(): void {
    // A message that is at hand arrives while it is asked for: a loop instead of calls within calls.
    if (this.#inLoop) return;
    this.#inLoop = true;
    while (!this.#asked && this.#mayRead()) {
      this.#asked = true;
      this.#call.startRead();
    }
    this.#inLoop = false;
  }
}
