import { errorResponse, jsonResponse } from "../responses.ts";
import { type Route, route } from "../route.ts";
import { resultJson, resultOf, taskJson } from "../task-json.ts";

/** Looking at tasks of one's own tenant; any other id does not exist. */
export const readRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/tasks/:id",
    operation: "getTask",
    summary: "Look at a task",
    access: { kind: "any" },
    answers: [{ status: 200, description: "The task", schema: "Task" }],
    run: async (call) => {
      const id = call.params["id"] ?? "";
      const task = await call.server.queue.get(call.caller.tenant, id);
      if (task === undefined) return errorResponse(call.requestId, { code: "NOT_FOUND", error: "not found" });
      return jsonResponse(200, call.requestId, taskJson(id, task));
    },
  }),
  route({
    method: "GET",
    path: "/tasks/:id/result",
    operation: "getResult",
    summary: "Look at a task's result, waiting for it if asked to",
    access: { kind: "any" },
    query: { waitSeconds: "How long to wait for the result; more than the server allows (60) is cut" },
    answers: [{ status: 200, description: "The result and its task", schema: "TaskWithResult" }],
    run: async (call) => {
      const { queue, limits } = call.server;
      const waitMs = Math.min(waitSecondsOf(call.request.url) * 1000, limits.resultWaitMsMax);
      if (waitMs > 0) call.allowSilence(waitMs / 1000);
      const id = call.params["id"] ?? "";
      const task = await queue.getFinished(call.caller.tenant, id, waitMs, call.request.signal);
      if (task === undefined) return errorResponse(call.requestId, { code: "NOT_FOUND", error: "task not found" });
      const record = resultOf(id, task);
      if (record === undefined) return errorResponse(call.requestId, { code: "NOT_FOUND", error: "result not found" });
      return jsonResponse(200, call.requestId, `{"result":${resultJson(record)},"task":${taskJson(id, task)}}`);
    },
  }),
];

/** Anything but a positive whole number does not wait. */
function waitSecondsOf(url: string): number {
  const start = url.indexOf("?");
  if (start < 0) return 0;
  const text = new URLSearchParams(url.slice(start)).get("waitSeconds") ?? "";
  return /^\+?\d{1,9}$/.test(text) ? Number(text) : 0;
}
