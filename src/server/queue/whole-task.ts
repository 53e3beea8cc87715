import type { NewTask } from "./store.ts";
import type { Task } from "./task.ts";
import { sequenceMs } from "./task-id.ts";

/** The part of a task that never changes, but for what its key says. */
export type Fixed = Pick<
  Task,
  "key" | "tenant" | "command" | "payload" | "priority" | "webhook" | "trace" | "maxAttempts"
>;

/** The part of a task that changes. */
export type Progress = Pick<Task, "state" | "attempts" | "worker" | "leaseUntilMs" | "error" | "result" | "updatedMs">;

/** Spelt out, since copying properties by name is slow and this is done for each task. */
export function taskOf(fixed: Fixed, progress: Progress): Task {
  return {
    key: fixed.key,
    tenant: fixed.tenant,
    command: fixed.command,
    payload: fixed.payload,
    priority: fixed.priority,
    webhook: fixed.webhook,
    trace: fixed.trace,
    maxAttempts: fixed.maxAttempts,
    attempts: progress.attempts,
    state: progress.state,
    worker: progress.worker,
    leaseUntilMs: progress.leaseUntilMs,
    error: progress.error,
    result: progress.result,
    createdMs: sequenceMs(fixed.key.sequence),
    updatedMs: progress.updatedMs,
  };
}

/** The task that an accepted insert makes. */
export function freshTask(fresh: NewTask, now: number): Task {
  return taskOf(fresh, {
    attempts: 0,
    state: fresh.dueMs !== undefined && fresh.dueMs > now ? "delayed" : "ready",
    worker: undefined,
    leaseUntilMs: undefined,
    error: undefined,
    result: undefined,
    updatedMs: sequenceMs(fresh.key.sequence),
  });
}
