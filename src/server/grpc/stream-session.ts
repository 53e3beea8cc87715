import { status } from "@grpc/grpc-js";
import type { Schedule } from "../duty-loop.ts";
import type { Log } from "../log.ts";
import { CodeqError } from "../queue/errors.ts";
import type { Dialogue, StreamDirection, StreamService } from "./dialogue.ts";
import type { FramedCall } from "./framed-call.ts";
import type { GrpcLimits } from "./grpc-limits.ts";
import { FIRST_MUST_BE_HELLO, StreamEnd } from "./stream-end.ts";
import type { StreamObserver } from "./stream-observer.ts";
import { StreamReader } from "./stream-reader.ts";
import { StreamWriter } from "./stream-writer.ts";
import { UnreadableMessage } from "./unreadable-message.ts";

export interface SessionOptions {
  readonly call: FramedCall;
  readonly service: StreamService;
  readonly limits: GrpcLimits;
  readonly schedule: Schedule;
  readonly clock: () => number;
  readonly observer: StreamObserver;
  readonly log: Log;
  /** The stream is gone. */
  readonly onClosed: (session: StreamSession) => void;
}

interface Ending {
  readonly end: StreamEnd;
  /**
   * Beside the answers to what is under way: the client's work, which it may hand in first; or its Readys, which get what
   * is there for them.
   */
  readonly waitsFor: "work" | "readys" | "nothing";
}

/** Sent messages that may wait for the client before it is read no further. */
const BACKLOG_MAX = 16;
/** Timers take no longer delays. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** One stream from its opening to its end: Hello, how much of it is read, how it ends. */
export class StreamSession {
  readonly #options: SessionOptions;
  readonly #reader: StreamReader;
  readonly #timers = new Set<() => void>();
  #dialogue: Dialogue | undefined;
  #greeted = false;
  #inFlight = 0;
  #ending: Ending | undefined;
  #over = false;
  #stalled: object | undefined;
  #stalledMs = 0;
  readonly writer: StreamWriter;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#reader = new StreamReader(options.call, () => this.#mayRead());
    this.writer = new StreamWriter(options.call, () => this.#idle());
  }

  get direction(): StreamDirection {
    return this.#options.service.direction;
  }

  /** Requests being worked on. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#dialogue?.waiting ?? 0;
  }

  start(): void {
    const { call, limits } = this.#options;
    call.start({
      received: (message) => this.#received(message),
      taken: () => this.writer.taken(),
      halfClosed: () => this.#halfClosed(),
      broken: (end) => this.abort(end),
      gone: () => this.#gone(),
    });
    const seconds = limits.helloMsMax / 1000;
    this.#after(limits.helloMsMax, () => {
      if (this.#dialogue === undefined)
        this.abort(new StreamEnd(status.DEADLINE_EXCEEDED, `no Hello within ${seconds} s`, "hello"));
    });
    if (limits.streamAgeMsMax > 0) this.#after(limits.streamAgeMsMax, () => this.#age());
    this.#reader.resume();
  }

  /** So many requests begin; each must be told to `done`. */
  begin(requests: number): void {
    this.#inFlight += requests;
  }

  done(requests: number): void {
    this.#inFlight -= requests;
    this.#reader.resume();
    this.#endIfDone();
  }

  /** Ends the stream in peace: no new work, what is under way is finished and what the client has may be handed in. */
  retire(): void {
    const end = new StreamEnd(status.UNAVAILABLE, "the server is going away, connect again", "shutdown");
    this.#end({ end, waitsFor: "work" });
  }

  /**
   * What a worker has may have been taken from it, or take hours; its other slots ask for work meanwhile, and get none
   * here. Leases are held under the worker's name: what is not handed in on this stream can be on the next.
   */
  #age(): void {
    const end = new StreamEnd(status.UNAVAILABLE, "the stream is too old, connect again", "age");
    this.#end({ end, waitsFor: "work" });
    this.#after(this.#options.limits.streamAgeGraceMs, () => this.#end({ end, waitsFor: "nothing" }));
  }

  /** Ends the stream at once. */
  abort({ code, details, reason }: StreamEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.observer.ended(this.direction, reason);
    this.#options.call.sendStatus({ code, details });
    this.#close(true);
  }

  /** Ends the stream for a message nobody can read, or for a fault of ours. */
  fail(error: unknown): void {
    if (error instanceof CodeqError && error.code !== "INTERNAL") this.abort(StreamEnd.of(error, "error"));
    else if (error instanceof UnreadableMessage) {
      this.abort(new StreamEnd(status.INVALID_ARGUMENT, error.message, "bad_message"));
    } else {
      this.#options.log.error("a stream failed", { reason: error });
      this.abort(new StreamEnd(status.INTERNAL, "internal error", "error"));
    }
  }

  /**
   * Called every `intervalMs`. A client that has taken nothing since the last time does not get what waits behind; one
   * that goes on so is left.
   */
  watch(intervalMs: number): void {
    const { current } = this.writer;
    this.#stalledMs = current !== undefined && current === this.#stalled ? this.#stalledMs + intervalMs : 0;
    this.#stalled = current;
    if (this.#stalledMs >= this.#options.limits.stallMsMax) {
      this.abort(new StreamEnd(status.RESOURCE_EXHAUSTED, "the client does not read what it is sent", "stalled"));
    } else if (this.#stalledMs > 0) this.writer.withdraw();
  }

  /** To be called by the dialogue when something changed that reading on, or the end, may wait for. */
  settled(): void {
    this.#reader.resume();
    this.#endIfDone();
  }

  #received(message: Buffer): void {
    this.#reader.arrived();
    try {
      if (this.#over) return;
      if (this.#dialogue !== undefined) this.#dialogue.received(message);
      else if (!this.#greeted) {
        this.#greeted = true;
        void this.#greet(message);
      }
    } catch (error) {
      this.fail(error);
    }
    this.#reader.resume();
  }

  async #greet(message: Buffer): Promise<void> {
    try {
      const opening = await this.#options.service.open(message, this);
      if (this.#over) return;
      if (opening instanceof StreamEnd) {
        this.abort(opening);
        return;
      }
      const { dialogue, helloAck, expiresMs } = opening;
      this.#dialogue = dialogue;
      if (expiresMs !== undefined) {
        const expired = new StreamEnd(status.UNAUTHENTICATED, "the token has expired", "token_expired");
        this.#after(Math.max(0, expiresMs - this.#options.clock()), () => this.abort(expired));
      }
      this.writer.send(helloAck);
      if (this.#ending !== undefined) dialogue.stop();
      this.#reader.resume();
    } catch (error) {
      this.fail(error);
    }
  }

  #halfClosed(): void {
    this.#reader.arrived();
    // That a client left may come as a half-close first, in the same turn.
    setImmediate(() => this.#saidLast());
  }

  #saidLast(): void {
    if (this.#over) return;
    if (this.#dialogue === undefined && !this.#greeted) this.abort(FIRST_MUST_BE_HELLO);
    else this.#end({ end: new StreamEnd(status.OK, "", "client"), waitsFor: "readys" });
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined && this.#ending.waitsFor !== "work") return;
    this.#ending = ending;
    if (ending.waitsFor === "readys") this.#dialogue?.finish();
    else this.#dialogue?.stop();
    this.#endIfDone();
  }

  #endIfDone(): void {
    const ending = this.#ending;
    if (ending === undefined || this.#over || this.#inFlight > 0 || !this.writer.idle) return;
    if (this.#dialogue === undefined && this.#greeted) return;
    if (ending.waitsFor === "work" && this.#dialogue?.owed === true) return;
    if (ending.waitsFor === "readys" && this.#dialogue?.finishing === true) return;
    this.abort(ending.end);
  }

  #mayRead(): boolean {
    if (this.#over || this.#ending?.waitsFor === "nothing") return false;
    if (this.#inFlight >= this.#options.limits.inFlightMax || this.#dialogue?.full === true) return false;
    // Nothing is read between the Hello and its answer.
    return (this.#dialogue !== undefined || !this.#greeted) && this.writer.backlog <= BACKLOG_MAX;
  }

  #idle(): void {
    this.#dialogue?.writable();
    this.#reader.resume();
    this.#endIfDone();
  }

  /** Comes after an end of ours too. */
  #gone(): void {
    if (!this.#over) this.#options.observer.ended(this.direction, "disconnected");
    this.#close(false);
  }

  /** May come twice: when we end the stream, and when it is gone. */
  #close(connected: boolean): void {
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#dialogue?.stop();
    this.#dialogue = undefined;
    this.writer.close(connected);
    this.#options.onClosed(this);
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#options.schedule(
      () => {
        this.#timers.delete(cancel);
        if (delayMs > TIMER_MS_MAX) this.#after(delayMs - TIMER_MS_MAX, callback);
        else callback();
      },
      Math.min(delayMs, TIMER_MS_MAX),
    );
    this.#timers.add(cancel);
  }
}
