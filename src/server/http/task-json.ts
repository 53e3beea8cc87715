import type { Task, TaskState } from "../queue/task.ts";
import { formatRfc3339, formatRfc3339Seconds } from "../rfc3339.ts";

/**
 * A task as the wire protocol shows it: members in a fixed order, empty ones left out, the payload as JSON text inside
 * a JSON string. Built by hand because it is on the path of every create and claim.
 */
export function taskJson(id: string, task: Task): string {
  let json = `{"id":"${id}","command":${JSON.stringify(task.command)},"payload":${JSON.stringify(task.payload)}`;
  if (task.priority !== 0) json += `,"priority":${task.priority}`;
  if (task.webhook !== undefined) json += `,"webhook":${JSON.stringify(task.webhook)}`;
  if (task.trace !== undefined) {
    const { traceParent, traceState } = task.trace;
    json += `,"traceParent":${JSON.stringify(traceParent)}`;
    if (traceState !== undefined) json += `,"traceState":${JSON.stringify(traceState)}`;
  }
  json += `,"status":"${STATUS_NAMES[task.state]}","lastKnownLocation":"${LOCATIONS[task.state]}"`;
  if (task.worker !== undefined) json += `,"workerId":${JSON.stringify(task.worker)}`;
  if (task.leaseUntilMs !== undefined) json += `,"leaseUntil":"${formatRfc3339Seconds(task.leaseUntilMs)}"`;
  if (task.attempts !== 0) json += `,"attempts":${task.attempts}`;
  json += `,"maxAttempts":${task.maxAttempts}`;
  if (task.error !== undefined && task.error !== "") json += `,"error":${JSON.stringify(task.error)}`;
  if (hasResult(task)) json += `,"resultKey":"codeq:results"`;
  json += `,"tenantId":"${task.tenant}"`;
  return `${json},"createdAt":"${formatRfc3339(task.createdMs)}","updatedAt":"${formatRfc3339(task.updatedMs)}"}`;
}

/** What a worker handed in, in the same manner; `result` is JSON text and goes in as it is. */
export interface ResultRecord {
  readonly id: string;
  readonly state: "completed" | "failed";
  readonly result: string | undefined;
  readonly error: string | undefined;
  readonly completedMs: number;
}

export function resultJson(record: ResultRecord): string {
  let json = `{"taskId":"${record.id}","status":"${STATUS_NAMES[record.state]}"`;
  if (record.result !== undefined) json += `,"result":${record.result}`;
  if (record.error !== undefined && record.error !== "") json += `,"error":${JSON.stringify(record.error)}`;
  return `${json},"completedAt":"${formatRfc3339(record.completedMs)}"}`;
}

/** The result of a finished task; undefined when it has none, as dead tasks do. */
export function resultOf(id: string, task: Task): ResultRecord | undefined {
  if (task.state !== "completed" && task.state !== "failed") return undefined;
  return { id, state: task.state, result: task.result, error: task.error, completedMs: task.updatedMs };
}

function hasResult(task: Task): boolean {
  return task.state === "completed" || task.state === "failed";
}

const STATUS_NAMES: Readonly<Record<TaskState, string>> = {
  ready: "PENDING",
  delayed: "PENDING",
  leased: "IN_PROGRESS",
  completed: "COMPLETED",
  failed: "FAILED",
  dead: "FAILED",
};

const LOCATIONS: Readonly<Record<TaskState, string>> = {
  ready: "PENDING_LIST",
  delayed: "DELAYED_ZSET",
  leased: "INPROG_SET",
  completed: "NONE",
  failed: "NONE",
  dead: "DLQ_SET",
};
