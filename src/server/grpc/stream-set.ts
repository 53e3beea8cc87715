import { status } from "@grpc/grpc-js";
import type { StreamDirection, StreamService } from "./dialogue.ts";
import type { FramedCall } from "./framed-call.ts";
import type { ServiceOptions } from "./service-options.ts";
import { StreamEnd } from "./stream-end.ts";
import { StreamSession } from "./stream-session.ts";

export interface StreamCounts {
  readonly open: number;
  /** Requests being worked on. */
  readonly inFlight: number;
  /** Readys that wait for tasks. */
  readonly waiting: number;
}

/** Soon enough for tasks that others could work on. */
const WATCH_MS = 250;

/** All open streams of a server, on whatever port. */
export class StreamSet {
  readonly #options: ServiceOptions;
  readonly #sessions = new Set<StreamSession>();
  #retiring = false;
  #cancelWatch: (() => void) | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  open(call: FramedCall, service: StreamService): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#options.observer.ended(service.direction, refusal.reason);
      call.sendStatus({ code: refusal.code, details: refusal.details });
      return;
    }
    const { limits, schedule, clock, observer, log } = this.#options;
    const onClosed = (gone: StreamSession): void => void this.#sessions.delete(gone);
    const session = new StreamSession({ call, service, limits, schedule, clock, observer, log, onClosed });
    this.#sessions.add(session);
    session.start();
    this.#watch();
  }

  counts(direction: StreamDirection): StreamCounts {
    const sessions = [...this.#sessions].filter((session) => session.direction === direction);
    const sum = (of: (session: StreamSession) => number): number => sessions.reduce((total, one) => total + of(one), 0);
    return { open: sessions.length, inFlight: sum((one) => one.inFlight), waiting: sum((one) => one.waiting) };
  }

  /** No new streams; those there are end when their work is done. */
  retire(): void {
    this.#retiring = true;
    for (const session of this.#sessions) session.retire();
  }

  #refusal(): StreamEnd | undefined {
    const { streamsMax } = this.#options.limits;
    if (this.#sessions.size >= streamsMax) {
      return new StreamEnd(status.RESOURCE_EXHAUSTED, `too many open streams (limit ${streamsMax})`, "too_many");
    }
    return this.#retiring ? new StreamEnd(status.UNAVAILABLE, "the server is going away", "shutdown") : undefined;
  }

  /** Looks for stalled streams for as long as there are any. */
  #watch(): void {
    if (this.#cancelWatch !== undefined) return;
    this.#cancelWatch = this.#options.schedule(() => {
      this.#cancelWatch = undefined;
      for (const session of this.#sessions) session.watch(WATCH_MS);
      if (this.#sessions.size > 0) this.#watch();
    }, WATCH_MS);
  }
}
