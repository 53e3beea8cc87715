import type { CreateTask } from "../../queue/admission.ts";
import type { CreatedTask } from "../../queue/created-task.ts";
import { accepted, type Outcome, refused } from "../../queue/errors.ts";
import { parseRfc3339 } from "../../rfc3339.ts";
import { jsonResponse, refusalResponse } from "../responses.ts";
import { bodyRoute, type Call, type Route } from "../route.ts";
import { CreateBatchBody, CreateBody, type CreateItem } from "../schemas.ts";
import { taskJson } from "../task-json.ts";

export const createRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/tasks",
    operation: "createTask",
    summary: "Create a task",
    access: { kind: "producer" },
    rate: { scope: "producer", operation: "create_task" },
    body: { name: "CreateTask", schema: CreateBody, shape: { raw: "payload", list: undefined } },
    answers: [
      {
        status: 202,
        description: "The task is stored. `Idempotency-Replayed: true` marks a known key",
        schema: "Task",
      },
    ],
    handle: async (call, body) => {
      const [outcome] = await createAll(call, [body]);
      if (outcome?.ok !== true)
        return refusalResponse(call.requestId, (outcome ?? refused("INTERNAL", "no answer")).error);
      const { task, replayed } = outcome.value;
      const response = jsonResponse(202, call.requestId, taskJson(call.server.queue.idOf(task), task));
      if (replayed) response.headers.set("idempotency-replayed", "true");
      return response;
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/tasks/batch",
    operation: "createTasks",
    summary: "Create several tasks; each is answered for itself",
    access: { kind: "producer" },
    rate: { scope: "producer", operation: "create_task" },
    body: {
      name: "CreateTaskBatch",
      schema: CreateBatchBody,
      shape: { raw: "payload", list: "tasks" },
      itemsMax: "batchMax",
    },
    answers: [{ status: 200, description: "One answer for each task, in order", schema: "CreateTaskBatchResult" }],
    handle: async (call, body) => {
      const outcomes = await createAll(call, body.tasks);
      return jsonResponse(
        200,
        call.requestId,
        `{"results":[${outcomes.map((outcome) => itemJson(call, outcome)).join(",")}]}`,
      );
    },
  }),
];

/** Creates what can be created in one call and puts the answers where they belong. */
async function createAll(call: Call, items: readonly CreateItem[]): Promise<Outcome<CreatedTask>[]> {
  const requests = items.map(toCreateTask);
  const readable = requests.flatMap((request) => (request.ok ? [request.value] : []));
  const created = readable.length === 0 ? [] : await call.server.queue.create(call.caller.tenant, readable);
  const answers = created.values();
  return requests.map((request) =>
    request.ok ? (answers.next().value ?? refused("INTERNAL", "no answer for a task")) : request,
  );
}

function toCreateTask(item: CreateItem): Outcome<CreateTask> {
  const runAtMs = item.runAt === undefined ? undefined : parseRfc3339(item.runAt);
  if (item.runAt !== undefined && runAtMs === undefined)
    return refused("INVALID_ARGUMENT", "invalid 'runAt' (use RFC3339)");
  return accepted({
    command: item.command ?? "",
    payload: item.payload ?? "null",
    priority: item.priority,
    webhook: item.webhook,
    maxAttempts: item.maxAttempts,
    idempotencyKey: item.idempotencyKey,
    runAtMs,
    delayMs: item.delaySeconds === undefined ? undefined : item.delaySeconds * 1000,
  });
}

function itemJson(call: Call, outcome: Outcome<CreatedTask>): string {
  if (outcome.ok) {
    const { task } = outcome.value;
    return `{"task":${taskJson(call.server.queue.idOf(task), task)}}`;
  }
  return JSON.stringify({ error: outcome.error.message, code: outcome.error.code });
}
