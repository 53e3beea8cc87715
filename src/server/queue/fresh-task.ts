import type { NewTask } from "./store.ts";
import type { Task } from "./task.ts";
import { sequenceMs } from "./task-id.ts";

/** The task that an accepted insert makes. */
export function freshTask(fresh: NewTask, now: number): Task {
  const createdMs = sequenceMs(fresh.key.sequence);
  return {
    key: fresh.key,
    tenant: fresh.tenant,
    command: fresh.command,
    payload: fresh.payload,
    priority: fresh.priority,
    webhook: fresh.webhook,
    trace: fresh.trace,
    maxAttempts: fresh.maxAttempts,
    attempts: 0,
    state: fresh.dueMs !== undefined && fresh.dueMs > now ? "delayed" : "ready",
    worker: undefined,
    leaseUntilMs: undefined,
    error: undefined,
    result: undefined,
    createdMs,
    updatedMs: createdMs,
  };
}
