import { check } from "k6";
import http from "k6/http";
import { CODEQ_ADMIN_TOKEN, CODEQ_BASE_URL, CODEQ_PRODUCER_TOKEN, CODEQ_WORKER_TOKEN } from "./config.js";

/** The calls of the HTTP API that the scenarios make. Requests are named by route, so that an id makes no new series. */

const API = `${CODEQ_BASE_URL}/v1/codeq`;
const HTTP_TIMEOUT = "60s";

/**
 * @param task command, payload, and what else the API knows of: priority, maxAttempts, delaySeconds, idempotencyKey
 * @returns the response, its body dropped
 */
export function createTask(task, tags = {}) {
  const { command, payload = { k6: { vu: __VU, iter: __ITER, ts: Date.now() } } } = task;
  const body = { command, payload };
  if (task.priority !== undefined) body.priority = task.priority;
  if (task.maxAttempts > 0) body.maxAttempts = task.maxAttempts;
  if (task.delaySeconds >= 0) body.delaySeconds = task.delaySeconds;
  if (task.idempotencyKey !== undefined) body.idempotencyKey = task.idempotencyKey;
  const response = http.post(`${API}/tasks`, JSON.stringify(body), {
    ...request(CODEQ_PRODUCER_TOKEN, "POST /tasks", { endpoint: "create", command, ...tags }),
    responseType: "none",
  });
  check(response, { "create: 202": ({ status }) => status === 202 });
  return response;
}

/** @returns the response and, when it holds one, the task */
export function claimTask({ commands = [], leaseSeconds = 0, waitSeconds = -1 } = {}, tags = {}) {
  const body = {};
  if (commands.length > 0) body.commands = commands;
  if (leaseSeconds > 0) body.leaseSeconds = leaseSeconds;
  if (waitSeconds >= 0) body.waitSeconds = waitSeconds;
  const response = http.post(
    `${API}/tasks/claim`,
    JSON.stringify(body),
    request(CODEQ_WORKER_TOKEN, "POST /tasks/claim", { endpoint: "claim", ...tags }),
  );
  if (response.status === 204) return { response, task: undefined };
  const claimed = check(response, { "claim: 200": ({ status }) => status === 200 });
  return { response, task: claimed ? response.json() : undefined };
}

/** @returns the response, its body dropped */
export function submitResult(id, result = { ok: true }, tags = {}) {
  const response = http.post(`${API}/tasks/${id}/result`, JSON.stringify({ status: "COMPLETED", result }), {
    ...request(CODEQ_WORKER_TOKEN, "POST /tasks/:id/result", { endpoint: "result", ...tags }),
    responseType: "none",
  });
  check(response, { "result: 200": ({ status }) => status === 200 });
  return response;
}

/** A second result for a task that has one: the server has to refuse it. */
export function submitResultAgain(id, tags = {}) {
  const params = request(CODEQ_WORKER_TOKEN, "POST /tasks/:id/result (again)", { endpoint: "result_again", ...tags });
  return http.post(`${API}/tasks/${id}/result`, JSON.stringify({ status: "COMPLETED", result: { again: true } }), {
    ...params,
    responseType: "none",
    responseCallback: http.expectedStatuses(403, 404, 409),
  });
}

/** @returns how many tasks of the command are where; undefined when the server does not say */
export function getQueueStats(command, tags = {}) {
  const response = http.get(
    `${API}/admin/queues/${encodeURIComponent(command)}`,
    request(CODEQ_ADMIN_TOKEN, "GET /admin/queues/:command", { endpoint: "queue_stats", command, ...tags }),
  );
  return check(response, { "queue_stats: 200": ({ status }) => status === 200 }) ? response.json() : undefined;
}

function request(token, name, tags) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return { headers, timeout: HTTP_TIMEOUT, tags: { name, ...tags } };
}
