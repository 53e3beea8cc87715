/**
 * The data model. A task waits in a lane (one command of one tenant) until a worker claims it under a lease.
 *
 * All times are milliseconds since the Unix epoch, all payloads and results are JSON texts kept byte for byte.
 */

/** Where a task is in its life; ARCHITECTURE.md has the picture. `dead` is the dead-letter queue. */
export type TaskState = "ready" | "delayed" | "leased" | "completed" | "failed" | "dead";

/** 0 is the lowest and the default; values outside are clamped, as clients of the wire protocol expect. */
export const PRIORITY_MAX = 9;

/** A task's place: which shard holds it, and its number there. `task-id.ts` turns it into the public id and back. */
export interface TaskKey {
  readonly shard: number;
  readonly sequence: number;
}

export interface Task {
  readonly key: TaskKey;
  readonly tenant: string;
  /** As spelled by the producer; lanes are told apart without regard to case. */
  readonly command: string;
  readonly payload: string;
  readonly priority: number;
  readonly webhook: string | undefined;
  /** Whose trace the task belongs to; set when that is recorded. */
  readonly trace: TraceContext | undefined;
  /** Deliveries allowed before the task is dead. */
  readonly maxAttempts: number;
  /** Deliveries so far, the running one included. */
  readonly attempts: number;
  readonly state: TaskState;
  /** Set while leased. */
  readonly worker: string | undefined;
  /** Set while leased. */
  readonly leaseUntilMs: number | undefined;
  /** Set once failed or dead. */
  readonly error: string | undefined;
  /** The JSON object a worker handed in; set once completed. */
  readonly result: string | undefined;
  readonly createdMs: number;
  /** Time of the last transition. For a finished task, when it finished. */
  readonly updatedMs: number;
}

/** W3C trace context, as it goes over the wire. */
export interface TraceContext {
  readonly traceParent: string;
  readonly traceState: string | undefined;
}

/** Lanes are equal when their tenant and this are equal. */
export function foldCommand(command: string): string {
  return command.toLowerCase();
}
