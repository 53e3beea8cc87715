import { Counter, Gauge, Trend } from "k6/metrics";

/**
 * The books of a run. The users of k6 share nothing but metrics, and what decides about the exit code are thresholds on
 * single metrics, so the equation
 *
 *     created = completed + still stored
 *
 * is kept as two running sums that must not be above zero at the end: what was promised and is not there, and what is
 * there although nobody ordered it. A request whose answer never came may or may not have had its effect. It weighs for
 * the server in both sums: the sums move when a request leaves, and again once its answer says which it was.
 */

const lost = new Counter("codeq_tasks_lost");
const surplus = new Counter("codeq_tasks_surplus");
const created = new Counter("codeq_tasks_created");
const completed = new Counter("codeq_tasks_completed");
const unknown = new Counter("codeq_outcomes_unknown");
const refused = new Counter("codeq_requests_refused");
const stored = new Gauge("codeq_tasks_stored");
const createMs = new Trend("codeq_create_ms", true);
const resultMs = new Trend("codeq_result_ms", true);

/** Runs a create and enters it. @returns whether the task is there */
export function enterCreate(send, tags = {}) {
  surplus.add(-1);
  const response = send();
  const outcome = outcomeOf(response, 202);
  if (outcome === "done") {
    createMs.add(response.timings.duration);
    lost.add(1);
    created.add(1, tags);
  } else if (outcome === "refused") {
    surplus.add(1);
    refused.add(1, { endpoint: "create" });
  } else unknown.add(1, { endpoint: "create" });
  return outcome === "done";
}

/** Runs a result and enters it. @returns whether it was accepted */
export function enterResult(send, tags = {}) {
  lost.add(-1);
  const response = send();
  const outcome = outcomeOf(response, 200);
  if (outcome === "done") {
    resultMs.add(response.timings.duration);
    surplus.add(1);
    completed.add(1, tags);
  } else if (outcome === "refused") {
    lost.add(1);
    refused.add(1, { endpoint: "result" });
  } else unknown.add(1, { endpoint: "result" });
  return outcome === "done";
}

/** Closes the books with what the server still has and did not have before. */
export function enterStored(before, after) {
  const more = storedTasks(after) - storedTasks(before);
  stored.add(storedTasks(after));
  lost.add(-more);
  surplus.add(more);
}

/** Every task of the lane that is not finished, and the dead ones. */
export function storedTasks({ ready, delayed, inProgress, dlq }) {
  return ready + delayed + inProgress + dlq;
}

/** What has to hold for the sums. */
export const ACCOUNT_THRESHOLDS = {
  codeq_tasks_lost: ["count<=0"],
  codeq_tasks_surplus: ["count<=0"],
  codeq_tasks_created: ["count>0"],
};

/** A server error may come after the commit: only a 4xx says that nothing has changed. */
function outcomeOf({ status }, success) {
  if (status === success) return "done";
  return status >= 400 && status < 500 ? "refused" : "unknown";
}
