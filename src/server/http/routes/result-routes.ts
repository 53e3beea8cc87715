import type { WorkerIdentity } from "../../queue/claims.ts";
import { accepted, type Outcome, refused } from "../../queue/errors.ts";
import type { TaskResult } from "../../queue/results.ts";
import { jsonResponse, refusalResponse } from "../responses.ts";
import { bodyRoute, type Call, type Route } from "../route.ts";
import { ResultBatchBody, ResultBody, type ResultEntry } from "../schemas.ts";
import { type ResultRecord, resultJson } from "../task-json.ts";
import { workerOf } from "../worker.ts";

export const resultRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/tasks/:id/result",
    operation: "submitResult",
    summary: "Finish a task",
    access: { kind: "worker", scope: "codeq:result" },
    body: {
      name: "SubmitResult",
      schema: ResultBody,
      shape: { raw: "result", list: undefined },
      refusal: "invalid request body",
    },
    answers: [{ status: 200, description: "The result is stored", schema: "Result" }],
    handle: async (call, body) => {
      const [outcome] = await submit(call, [{ ...body, taskId: call.params["id"] ?? "" }]);
      if (outcome?.ok !== true)
        return refusalResponse(call.requestId, (outcome ?? refused("INTERNAL", "no answer")).error);
      return jsonResponse(200, call.requestId, resultJson(outcome.value));
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/tasks/batch/results",
    operation: "submitResults",
    summary: "Finish several tasks; each is answered for itself",
    access: { kind: "worker", scope: "codeq:result" },
    body: {
      name: "SubmitResultBatch",
      schema: ResultBatchBody,
      shape: { raw: "result", list: "results" },
      itemsMax: "resultsBatchMax",
    },
    answers: [{ status: 200, description: "One answer for each result, in order", schema: "SubmitResultBatchResult" }],
    handle: async (call, body) => {
      const outcomes = await submit(call, body.results);
      const items = outcomes.map((outcome, index) => itemJson(body.results[index]?.taskId ?? "", outcome));
      return jsonResponse(200, call.requestId, `{"results":[${items.join(",")}]}`);
    },
  }),
];

/** Hands in what is well-formed in one call and puts the answers where they belong. */
async function submit(call: Call, entries: readonly ResultEntry[]): Promise<Outcome<ResultRecord>[]> {
  const who = workerOf(call.caller);
  const readings = entries.map(toTaskResult);
  const results = readings.flatMap((reading) => (reading.ok ? [reading.value] : []));
  const answers = (results.length === 0 ? [] : await call.server.queue.complete(who, results)).values();
  const outcomes: Outcome<ResultRecord>[] = [];
  for (const [index, reading] of readings.entries()) {
    if (reading.ok) {
      const answer = answers.next().value ?? refused("INTERNAL", "no answer for a result");
      outcomes.push(answer.ok ? accepted(recordOf(reading.value, answer.value.completedMs)) : answer);
    } else {
      // Whether the task is the caller's to finish comes before what is wrong with the result.
      outcomes.push((await claimRefusal(call, who, entries[index]?.taskId ?? "")) ?? reading);
    }
  }
  return outcomes;
}

function toTaskResult(entry: ResultEntry): Outcome<TaskResult> {
  const { result } = entry;
  if (entry.artifacts.length > 0) {
    return refused("INVALID_ARGUMENT", "artifacts are not supported");
  }
  switch (entry.status) {
    case "COMPLETED":
      return accepted({ id: entry.taskId ?? "", state: "completed", result: result ?? "{}", error: undefined });
    case "FAILED": {
      const error = entry.error ?? "";
      if (error.trim() === "") return refused("INVALID_ARGUMENT", "error required when status=FAILED");
      return accepted({ id: entry.taskId ?? "", state: "failed", result, error });
    }
    default:
      return refused("INVALID_ARGUMENT", "invalid status");
  }
}

/** What the queue would have said to a well-formed result; undefined if it would have taken it. */
async function claimRefusal(call: Call, who: WorkerIdentity, id: string) {
  const task = await call.server.queue.get(who.tenant, id);
  if (task === undefined) return refused("NOT_FOUND", "task not found");
  if (task.worker !== undefined && task.worker !== who.worker) return refused("NOT_OWNER", "not-owner");
  return task.state === "leased" ? undefined : refused("NOT_IN_PROGRESS", "not-in-progress");
}

function recordOf(result: TaskResult, completedMs: number): ResultRecord {
  return { id: result.id, state: result.state, result: result.result, error: result.error, completedMs };
}

function itemJson(taskId: string, outcome: Outcome<ResultRecord>): string {
  if (outcome.ok) return `{"taskId":"${outcome.value.id}","result":${resultJson(outcome.value)}}`;
  return JSON.stringify({ taskId, error: outcome.error.message, code: outcome.error.code });
}
