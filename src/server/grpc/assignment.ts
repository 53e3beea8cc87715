import type { ServerEvent, Task as TaskMessage } from "../../../proto/generated/worker.ts";
import type { Task } from "../queue/task.ts";

/** The answer to one Ready. */
export function assignmentEvent(tasks: readonly Task[], asBatch: boolean, idOf: (task: Task) => string): ServerEvent {
  const [first] = tasks;
  // One claim, one lease.
  const leaseUntil = first?.leaseUntilMs === undefined ? "" : rfc3339Seconds(first.leaseUntilMs);
  if (first !== undefined && !asBatch) {
    return { event: { $case: "task", value: { task: taskMessage(first, idOf(first), leaseUntil) } } };
  }
  const messages = tasks.map((task) => taskMessage(task, idOf(task), leaseUntil));
  return { event: { $case: "taskBatch", value: { tasks: messages } } };
}

/** What a task adds to a message at most: its texts, at three bytes for each unit, and the rest. */
export function assignmentBytesMax(task: Task): number {
  const units = task.payload.length + task.command.length + (task.webhook?.length ?? 0) + (task.worker?.length ?? 0);
  return units * 3 + FIXED_BYTES;
}

/** Id, tenant, status, times and numbers, with their tags and lengths. */
const FIXED_BYTES = 320;

function taskMessage(task: Task, id: string, leaseUntil: string): TaskMessage {
  return {
    id,
    command: task.command,
    payload: Buffer.from(task.payload, "utf8"),
    priority: task.priority,
    webhook: task.webhook ?? "",
    maxAttempts: task.maxAttempts,
    status: "IN_PROGRESS",
    workerId: task.worker ?? "",
    leaseUntil,
    attempts: task.attempts,
    tenantId: task.tenant,
    createdAt: new Date(task.createdMs),
    updatedAt: new Date(task.updatedMs),
  };
}

/** UTC, whole seconds, cut off: a lease never looks longer than it is. */
function rfc3339Seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
