/**
 * One operation on one task as its client saw it; a call that carries several is several operations with the same
 * times. All times are milliseconds on one clock that never jumps, shared by all clients of a run.
 */
export type Operation = Create | Delivery | EmptyClaim | Heartbeat | Result | Nack | Abandon;

/**
 * `ok`: done and acknowledged. `fail`: refused, nothing happened. `unknown`: no answer, or one that leaves it open;
 * the operation may have happened or not.
 */
export type Outcome = "ok" | "fail" | "unknown";

interface Seen {
  readonly invokeMs: number;
  /**
   * When the answer was there. For an unknown outcome the latest moment at which the operation can still happen:
   * Infinity, unless the server is known to have died.
   */
  readonly doneMs: number;
  readonly outcome: Outcome;
  readonly tenant: string;
}

/**
 * The client's own number for a task it wants, from 0. It travels in the payload, so that a delivered task tells which
 * create it comes from even if that was never acknowledged. Retries of a create with one idempotency key share it.
 */
export type Tag = number;

export interface Create extends Seen {
  readonly op: "create";
  readonly tag: Tag;
  /** As answered; undefined unless ok. */
  readonly id: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly command: string;
  readonly priority: number;
  readonly maxAttempts: number;
  /** 0 when it may be claimed at once. */
  readonly delayMs: number;
}

interface OfTask extends Seen {
  readonly tag: Tag;
  readonly id: string;
  readonly worker: string;
}

/** A task that a claim brought; always ok. */
export interface Delivery extends OfTask {
  readonly op: "deliver";
  readonly outcome: "ok";
  readonly command: string;
  readonly leaseMs: number;
  /** As the server counts, this one included. */
  readonly attempts: number;
}

/** A claim that brought no task: nothing was there (ok), it was refused (fail) or nobody knows (unknown). */
export interface EmptyClaim extends Seen {
  readonly op: "claim";
  readonly worker: string;
  /** Undefined asks for every command of the tenant. */
  readonly commands: readonly string[] | undefined;
}

export interface Heartbeat extends OfTask {
  readonly op: "heartbeat";
  readonly leaseMs: number;
}

export interface Result extends OfTask {
  readonly op: "result";
  readonly state: "completed" | "failed";
}

export interface Nack extends OfTask {
  readonly op: "nack";
  /** Until it may be claimed again: as answered if ok, as asked for otherwise; undefined leaves it to the server. */
  readonly delayMs: number | undefined;
  /** The answer said that it went to the dead letters. */
  readonly dead: boolean;
}

export interface Abandon extends OfTask {
  readonly op: "abandon";
}

/** Whether it did or may have taken effect. */
export function mayHaveHappened(operation: Operation): boolean {
  return operation.outcome !== "fail";
}
