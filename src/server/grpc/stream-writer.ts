import type { FramedCall } from "./framed-call.ts";

interface Outgoing {
  readonly event: unknown;
  readonly fate: Fate | undefined;
}

/** For messages that somebody has to take back if the client never gets them. */
export interface Fate {
  /** It was not sent, and will not be. */
  dropped(): void;
}

/** Turns of the event loop that were waited for. */
let turns = 0;
let isTurning = false;

/** The same number until the event loop has turned. */
function turnOfLoop(): number {
  if (!isTurning) {
    isTurning = true;
    setImmediate(() => {
      isTurning = false;
      turns += 1;
    });
  }
  return turns;
}

/**
 * Sends the messages of one stream, one at a time: each waits until the connection has taken the one before it. So it is
 * known of every message whether the client may have it, and what comes up meanwhile can still share a message.
 */
export class StreamWriter {
  readonly #call: FramedCall;
  readonly #onIdle: () => void;
  #queue: Outgoing[] = [];
  #writing: Outgoing | undefined;
  /** Of the loop, when the message under way was sent, if somebody cares for its fate. */
  #turn: number | undefined;
  #closed = false;
  /** Taken a moment ago, after a wait. */
  #doubtful: Outgoing[] | undefined;

  /** @param onIdle everything has been taken */
  constructor(call: FramedCall, onIdle: () => void) {
    this.#call = call;
    this.#onIdle = onIdle;
  }

  /** Everything has been taken. */
  get idle(): boolean {
    return this.#writing === undefined && this.#doubtful === undefined;
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
   * @param fate not told when nobody knows: when a message was half written and we then ended the stream
   */
  send(event: unknown, fate?: Fate): void {
    if (this.#closed) {
      fate?.dropped();
      return;
    }
    this.#queue.push({ event, fate });
    if (this.#writing === undefined) this.#next();
  }

  /** To be called when the connection has taken the message under way. */
  taken(): void {
    const item = this.#writing;
    if (this.#closed || item === undefined) return;
    const waited = this.#turn !== undefined && this.#turn !== turns;
    if (waited || this.#doubtful !== undefined) this.#doubt(item);
    this.#next();
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
    const lost = connected ? [] : [...(this.#doubtful ?? []), this.#writing];
    const dropped = [...lost, ...this.#queue];
    this.#queue = [];
    this.#writing = undefined;
    for (const item of dropped) item?.fate?.dropped();
  }

  #next(): void {
    const item = this.#queue.shift();
    this.#writing = item;
    if (item === undefined) {
      if (this.idle) this.#onIdle();
      return;
    }
    this.#turn = item.fate === undefined ? undefined : turnOfLoop();
    this.#call.sendMessage(item.event);
  }

  /**
   * A message that had to wait for the client is also reported as taken when the connection breaks, just before that
   * is told. It counts as taken once the event loop has turned and the stream still stands. If the stream really ended
   * right after, the client had left before the message was complete.
   */
  #doubt(item: Outgoing): void {
    if (this.#doubtful === undefined) {
      this.#doubtful = [];
      setImmediate(() => {
        this.#doubtful = undefined;
        if (this.idle && !this.#closed) this.#onIdle();
      });
    }
    this.#doubtful.push(item);
  }
}
