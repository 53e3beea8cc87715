import { claimableCommands } from "../../auth/event-types.ts";
import { CodeqError } from "../../queue/errors.ts";
import type { Task } from "../../queue/task.ts";
import { emptyResponse, jsonResponse } from "../responses.ts";
import { bodyRoute, type Call, type Route } from "../route.ts";
import { ClaimBatchBody, ClaimBody, type ClaimItem } from "../schemas.ts";
import { taskJson } from "../task-json.ts";
import { workerOf } from "../worker.ts";

const NOTHING = { status: 204, description: "Nothing to claim", schema: undefined } as const;

export const claimRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/tasks/claim",
    operation: "claimTask",
    summary: "Claim a task, waiting for one if asked to",
    access: { kind: "worker", scope: "codeq:claim" },
    rate: { scope: "worker", operation: "claim" },
    body: { name: "Claim", schema: ClaimBody },
    answers: [{ status: 200, description: "The task, leased to the caller", schema: "Task" }, NOTHING],
    handle: async (call, body) => {
      const [task] = await claim(call, body, 1);
      if (task === undefined) return emptyResponse(call.requestId);
      return jsonResponse(200, call.requestId, claimedJson(call, task));
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/tasks/claim/batch",
    operation: "claimTasks",
    summary: "Claim several tasks, waiting for a first one if asked to",
    access: { kind: "worker", scope: "codeq:claim" },
    rate: { scope: "worker", operation: "claim" },
    body: { name: "ClaimBatch", schema: ClaimBatchBody },
    answers: [{ status: 200, description: "The tasks, leased to the caller", schema: "ClaimedTasks" }, NOTHING],
    handle: async (call, body) => {
      const { claimBatchMax } = call.server.limits;
      if (body.count > claimBatchMax) {
        throw new CodeqError("INVALID_ARGUMENT", `count exceeds maximum of ${claimBatchMax}`);
      }
      const tasks = await claim(call, body, body.count);
      if (tasks.length === 0) return emptyResponse(call.requestId);
      return jsonResponse(200, call.requestId, `{"tasks":[${tasks.map((task) => claimedJson(call, task)).join(",")}]}`);
    },
  }),
];

async function claim(call: Call, body: ClaimItem, count: number): Promise<Task[]> {
  const { queue, limits } = call.server;
  const asked = body.commands;
  if (asked.length > limits.claimCommandsMax) {
    throw new CodeqError("INVALID_ARGUMENT", "invalid body", {
      cause: `commands: ${asked.length} are over the limit of ${limits.claimCommandsMax}`,
    });
  }
  const commands = claimableCommands(call.caller.eventTypes, asked);
  if (!commands.ok) throw commands.error;
  const waitMs = Math.min((body.waitSeconds ?? 0) * 1000, limits.waitMsMax);
  // The server underneath spares requests whose body has arrived; nothing says that it always will.
  if (waitMs > 0) call.allowSilence(waitMs / 1000);
  const { signal } = call.request;
  const leaseMs = positiveMs(body.leaseSeconds);
  return queue.claim(workerOf(call.caller), { commands: commands.value, leaseMs, count, waitMs, signal });
}

function claimedJson(call: Call, task: Task): string {
  const id = call.server.queue.idOf(task);
  return taskJson(id, task);
}

function positiveMs(seconds = 0): number | undefined {
  return seconds > 0 ? seconds * 1000 : undefined;
}
