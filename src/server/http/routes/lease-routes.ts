import { jsonResponse, refusalResponse } from "../responses.ts";
import { bodyRoute, type Call, type Route, route } from "../route.ts";
import { HeartbeatBody, NackBody } from "../schemas.ts";
import { workerOf } from "../worker.ts";

/** What a worker does with a task it holds, short of finishing it. */
export const leaseRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/tasks/:id/heartbeat",
    operation: "heartbeatTask",
    summary: "Extend the lease",
    access: { kind: "worker", scope: "codeq:heartbeat" },
    body: { name: "Heartbeat", schema: HeartbeatBody },
    answers: [{ status: 200, description: "The lease now ends that much later than now", schema: "Ok" }],
    handle: async (call, body) => {
      const seconds = body.extendSeconds ?? 0;
      const leaseMs = seconds > 0 ? seconds * 1000 : undefined;
      const outcome = await call.server.queue.heartbeat(workerOf(call.caller), taskIdOf(call), leaseMs);
      if (!outcome.ok) return refusalResponse(call.requestId, outcome.error);
      return jsonResponse(200, call.requestId, '{"ok":true}');
    },
  }),
  route({
    method: "POST",
    path: "/tasks/:id/abandon",
    operation: "abandonTask",
    summary: "Give the task back; others may claim it at once",
    access: { kind: "worker", scope: "codeq:abandon" },
    answers: [{ status: 200, description: "Back in the queue", schema: "Requeued" }],
    run: async (call) => {
      const outcome = await call.server.queue.abandon(workerOf(call.caller), taskIdOf(call));
      if (!outcome.ok) return refusalResponse(call.requestId, outcome.error);
      return jsonResponse(200, call.requestId, '{"status":"requeued"}');
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/tasks/:id/nack",
    operation: "nackTask",
    summary: "Give the task back as failed",
    access: { kind: "worker", scope: "codeq:nack" },
    body: { name: "Nack", schema: NackBody },
    answers: [{ status: 200, description: "Requeued after a delay, or dead (dlq)", schema: "Nacked" }],
    handle: async (call, body) => {
      const { delaySeconds = -1, reason } = body;
      // Less than nothing is no wish: it leaves the delay to the backoff, like an absent one.
      const delayMs = delaySeconds < 0 ? undefined : delaySeconds * 1000;
      const outcome = await call.server.queue.nack(workerOf(call.caller), taskIdOf(call), delayMs, reason);
      if (!outcome.ok) return refusalResponse(call.requestId, outcome.error);
      const appliedSeconds = Math.ceil(outcome.value.delayMs / 1000);
      const status = outcome.value.dead ? "dlq" : "requeued";
      return jsonResponse(200, call.requestId, `{"delaySeconds":${appliedSeconds},"status":"${status}"}`);
    },
  }),
];

function taskIdOf(call: Call): string {
  return call.params["id"] ?? "";
}
