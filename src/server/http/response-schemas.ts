import { z } from "zod";

/** What answers look like. They make the OpenAPI document, and tests hold real answers to them. */
const id = z.string().describe("UUID");
const count = z.int().min(0);
const time = z.string().describe("RFC 3339, UTC");
const status = z.enum(["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"]);

const ItemError = z.strictObject({ error: z.string(), code: z.string() });

const Task = z.strictObject({
  id,
  command: z.string(),
  payload: z.string().describe("The payload as JSON text, byte for byte as it was sent"),
  priority: z.int().min(1).max(9).optional().describe("Absent when 0"),
  webhook: z.string().optional(),
  traceParent: z.string().optional().describe("W3C trace context to go on with, while tracing is on"),
  traceState: z.string().optional(),
  status,
  lastKnownLocation: z.enum(["PENDING_LIST", "DELAYED_ZSET", "INPROG_SET", "DLQ_SET", "NONE"]),
  workerId: z.string().optional().describe("While in progress"),
  leaseUntil: time.optional().describe("While in progress; cut to whole seconds, so never later than the lease's end"),
  attempts: z.int().min(1).optional().describe("Deliveries so far; absent when 0"),
  maxAttempts: z.int().min(1),
  error: z.string().optional(),
  resultKey: z.literal("codeq:results").optional().describe("Once there is a result"),
  tenantId: z.string(),
  createdAt: time,
  updatedAt: time,
});

const Result = z.strictObject({
  taskId: id,
  status: z.enum(["COMPLETED", "FAILED"]),
  result: z.record(z.string(), z.unknown()).optional().describe("As the worker sent it"),
  error: z.string().optional(),
  completedAt: time,
});

export const RESPONSES = {
  Task,
  Result,
  TaskWithResult: z.strictObject({ result: Result, task: Task }),
  CreateTaskBatchResult: z.strictObject({ results: z.array(z.union([z.strictObject({ task: Task }), ItemError])) }),
  ClaimedTasks: z.strictObject({ tasks: z.array(Task).min(1) }),
  SubmitResultBatchResult: z.strictObject({
    results: z.array(
      z.union([
        z.strictObject({ taskId: id, result: Result }),
        z.strictObject({ taskId: z.string(), error: z.string(), code: z.string() }),
      ]),
    ),
  }),
  Ok: z.strictObject({ ok: z.literal(true) }),
  Requeued: z.strictObject({ status: z.literal("requeued") }),
  Nacked: z.strictObject({ delaySeconds: count, status: z.enum(["requeued", "dlq"]) }),
  QueueCounts: z.record(z.string(), z.int().min(1)),
  QueueStats: z.strictObject({ command: z.string(), ready: count, delayed: count, inProgress: count, dlq: count }),
  CleanupResult: z.strictObject({ before: time, deleted: count, limit: z.int().min(1) }),
  Health: z.strictObject({ status: z.literal("ok"), ready: z.boolean(), durability: z.string(), version: z.string() }),
  Readiness: z.strictObject({
    ready: z.boolean(),
    reasons: z.array(z.string()),
    creates: z.enum(["accepted", "refused: disk full"]),
  }),
  Version: z.strictObject({ name: z.literal("codeq"), version: z.string(), commit: z.string() }),
  Error: z.looseObject({
    error: z.string(),
    code: z.string().describe("UPPER_SNAKE, stable"),
    requestId: z.string(),
    detail: z.string().optional().describe("What exactly is wrong"),
  }),
} as const;

export type ResponseName = keyof typeof RESPONSES;
