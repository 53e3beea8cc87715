import { CodeqError } from "../../queue/errors.ts";
import type { LaneStats } from "../../queue/store.ts";
import { foldCommand } from "../../queue/task.ts";
import { formatRfc3339Seconds, parseRfc3339 } from "../../rfc3339.ts";
import { errorResponse, jsonResponse } from "../responses.ts";
import { bodyRoute, type Call, type Route, route } from "../route.ts";
import { CleanupBody } from "../schemas.ts";

const CLEANUP_LIMIT_DEFAULT = 1000;
/** Deleted in one write, so that others get their turn between. */
const CLEANUP_STEP = 1000;

/** Operations on the whole of a tenant's queue. Each leaves an audit line. */
export const adminRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/admin/queues",
    operation: "listQueues",
    summary: "Count the tenant's tasks by lane and place",
    access: { kind: "admin" },
    answers: [{ status: 200, description: "Places that hold tasks, with their number", schema: "QueueCounts" }],
    run: async (call) => {
      const lanes = await call.server.queue.stats(call.caller.tenant, undefined);
      audit(call, "list_queues", {});
      const counts = lanes.flatMap(labelled).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return jsonResponse(200, call.requestId, JSON.stringify(Object.fromEntries(counts)));
    },
  }),
  route({
    method: "GET",
    path: "/admin/queues/:command",
    operation: "getQueue",
    summary: "Count the tenant's tasks of one command",
    access: { kind: "admin" },
    answers: [{ status: 200, description: "Numbers of tasks; zeros for a command nobody used", schema: "QueueStats" }],
    run: async (call) => {
      const command = call.params["command"];
      if (command === undefined || command === null) {
        throw new CodeqError("INVALID_ARGUMENT", "command is not valid percent-encoded UTF-8");
      }
      if (command.trim() === "") {
        return errorResponse(call.requestId, { code: "INVALID_ARGUMENT", error: "command is required" });
      }
      const lanes = await call.server.queue.stats(call.caller.tenant, command);
      audit(call, "get_queue", { command });
      return jsonResponse(200, call.requestId, JSON.stringify({ command, ...totals(lanes) }));
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/admin/tasks/cleanup",
    operation: "cleanupTasks",
    summary: "Delete the tenant's finished tasks whose retention is over",
    access: { kind: "admin" },
    rate: { scope: "admin", operation: "cleanup" },
    body: { name: "Cleanup", schema: CleanupBody, optional: true },
    answers: [{ status: 200, description: "How many were deleted", schema: "CleanupResult" }],
    handle: async (call, body) => {
      const { queue, limits } = call.server;
      const beforeMs = body.before === undefined ? queue.now() : parseRfc3339(body.before);
      if (beforeMs === undefined) throw new CodeqError("INVALID_ARGUMENT", "invalid 'before' (use RFC3339)");
      const limit = body.limit !== undefined && body.limit > 0 ? body.limit : CLEANUP_LIMIT_DEFAULT;
      if (limit > limits.cleanupMax) {
        throw new CodeqError("INVALID_ARGUMENT", `limit ${limit} exceeds maximum of ${limits.cleanupMax}`);
      }
      const deleted = await cleanup(call, beforeMs, limit);
      const before = formatRfc3339Seconds(beforeMs);
      audit(call, "cleanup", { before, limit, deleted });
      return jsonResponse(200, call.requestId, JSON.stringify({ before, deleted, limit }));
    },
  }),
];

async function cleanup(call: Call, beforeMs: number, limit: number): Promise<number> {
  let deleted = 0;
  for (;;) {
    const step = Math.min(limit - deleted, CLEANUP_STEP);
    const count = await call.server.queue.cleanup(call.caller.tenant, beforeMs, step);
    deleted += count;
    if (count < step || deleted >= limit) return deleted;
  }
}

function totals(lanes: readonly LaneStats[]) {
  const sum = (count: (lane: LaneStats) => number): number => lanes.reduce((total, lane) => total + count(lane), 0);
  return {
    ready: sum((lane) => lane.ready.reduce((total, count) => total + count, 0)),
    delayed: sum((lane) => lane.delayed),
    inProgress: sum((lane) => lane.leased),
    dlq: sum((lane) => lane.dead),
  };
}

/** Names of places as clients of the wire protocol know them; empty places are left out. */
function labelled(lane: LaneStats): [label: string, count: number][] {
  const prefix = `codeq:q:${foldCommand(lane.command)}:${lane.tenant}`;
  const places: [string, number][] = lane.ready.map((count, priority) => [`${prefix}:pending:${priority}`, count]);
  places.push([`${prefix}:delayed`, lane.delayed], [`${prefix}:inprog`, lane.leased], [`${prefix}:dlq`, lane.dead]);
  return places.filter(([, count]) => count > 0);
}

function audit(call: Call, operation: string, fields: Readonly<Record<string, unknown>>): void {
  const { subject, tenant } = call.caller;
  call.server.log.info("admin operation", {
    audit: true,
    operation,
    subject,
    tenant,
    requestId: call.requestId,
    ...fields,
  });
}
