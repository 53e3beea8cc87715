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

/** Room for a task in a message: at least what it needs. */
export function assignmentBytes(task: Task): number {
  const units = task.command.length + (task.webhook?.length ?? 0) + (task.worker?.length ?? 0);
  return FIXED_BYTES + units * 3 + textBytes(task.payload);
}

/** Counts only where it makes a difference: a UTF-16 unit is at most three bytes. */
function textBytes(text: string): number {
  return text.length <= SMALL_UNITS ? text.length * 3 : Buffer.byteLength(text);
}

const SMALL_UNITS = 1024;
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
