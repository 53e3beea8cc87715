import type { Task as TaskMessage } from "../../proto/generated/worker.ts";
import type { CodeqError } from "./codeq-error.ts";

/** A delivery that has not ended yet, from our point of view. */
export class HeldTask {
  readonly message: TaskMessage;
  /** The lease is certainly over then, unless a heartbeat succeeds; on the clock of `Timing`. */
  leaseEndsMs: number;
  nextHeartbeatMs: number;
  /** When the heartbeats were sent that are not answered yet. */
  readonly heartbeatsSentMs: number[] = [];
  #settled = false;
  /** Why it is no longer ours. */
  lost: CodeqError | undefined;
  #aborter: AbortController | undefined;

  constructor(message: TaskMessage, leaseEndsMs: number, nextHeartbeatMs: number) {
    this.message = message;
    this.leaseEndsMs = leaseEndsMs;
    this.nextHeartbeatMs = nextHeartbeatMs;
  }

  get id(): string {
    return this.message.id;
  }

  /** Made only for handlers that ask for it. */
  readonly signal = (): AbortSignal => {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.lost !== undefined) this.#aborter.abort(this.lost);
    }
    return this.#aborter.signal;
  };

  /** There is a verdict on it. */
  get settled(): boolean {
    return this.#settled;
  }

  settle(): void {
    this.#settled = true;
  }

  lose(reason: CodeqError): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    this.#aborter?.abort(reason);
  }
}
