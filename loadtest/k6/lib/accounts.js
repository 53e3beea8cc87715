import { Counter, Gauge, Trend } from "k6/metrics";
import { WEIGHT_MAX, weightOf } from "./task-weight.js";

/**
 * The books of a run. The users of k6 share nothing but metrics, and what decides about the exit code are thresholds on
 * single metrics, so the equation
 *
 *     created = completed + still stored
 *
 * is kept as two running sums that must not be above zero at the end: what was promised and is not there, and what is
 * there although nobody ordered it. A request whose answer never came may or may not have had its effect. It weighs for
 * the server in both sums: the sums move when a request leaves, and again once its answer says which it was.
 *
 * Numbers alone would let a task that is done twice make up for one that is lost. So the equation is kept once more with
 * weights, which tell the tasks of a run apart. What a task weighs that is not of this run, or is still stored, is unknown:
 * it weighs for the server. Where nothing is left at the end the weights have to agree to the last one.
 */

const lost = new Counter("codeq_tasks_lost");
const surplus = new Counter("codeq_tasks_surplus");
const weightLost = new Counter("codeq_checksum_lost");
const weightSurplus = new Counter("codeq_checksum_surplus");
const created = new Counter("codeq_tasks_created");
const completed = new Counter("codeq_tasks_completed");
const unknown = new Counter("codeq_outcomes_unknown");
const refused = new Counter("codeq_requests_refused");
const stored = new Gauge("codeq_tasks_stored");
const createMs = new Trend("codeq_create_ms", true);
const resultMs = new Trend("codeq_result_ms", true);

/**
 * Runs a create and enters it.
 * @param number of the task in this run
 * @returns whether the task is there
 */
export function enterCreate(send, number, tags = {}) {
  const weight = weightOf(number);
  addSurplus(-1, -weight);
  const response = send();
  const outcome = outcomeOf(response, 202);
  if (outcome === "done") {
    createMs.add(response.timings.duration);
    addLost(1, weight);
    created.add(1, tags);
  } else if (outcome === "refused") {
    addSurplus(1, weight);
    refused.add(1, { endpoint: "create" });
  } else unknown.add(1, { endpoint: "create" });
  return outcome === "done";
}

/**
 * Runs a result and enters it.
 * @param number of the task in this run; undefined for a task of others
 * @returns whether it was accepted
 */
export function enterResult(send, number, tags = {}) {
  const weight =
    number === undefined ? { least: 0, most: WEIGHT_MAX } : { least: weightOf(number), most: weightOf(number) };
  addLost(-1, -weight.most);
  const response = send();
  const outcome = outcomeOf(response, 200);
  if (outcome === "done") {
    resultMs.add(response.timings.duration);
    addSurplus(1, weight.least);
    completed.add(1, tags);
  } else if (outcome === "refused") {
    addLost(1, weight.most);
    refused.add(1, { endpoint: "result" });
  } else unknown.add(1, { endpoint: "result" });
  return outcome === "done";
}

/** Closes the books with what the server still has and did not have before. */
export function enterStored(before, after) {
  const more = storedTasks(after) - storedTasks(before);
  stored.add(storedTasks(after));
  // What others left and this run finished is part of neither: it has weighed as much when it was finished.
  addLost(-more, -more * WEIGHT_MAX);
  addSurplus(more, 0);
}

function addLost(tasks, weight) {
  lost.add(tasks);
  weightLost.add(weight);
}

function addSurplus(tasks, weight) {
  surplus.add(tasks);
  weightSurplus.add(weight);
}

/** Every task of the lane that is not finished, and the dead ones. */
export function storedTasks({ ready, delayed, inProgress, dlq }) {
  return ready + delayed + inProgress + dlq;
}

/** What has to hold for the sums. */
export const ACCOUNT_THRESHOLDS = {
  codeq_tasks_lost: ["count<=0"],
  codeq_tasks_surplus: ["count<=0"],
  codeq_checksum_lost: ["count<=0"],
  codeq_checksum_surplus: ["count<=0"],
  codeq_tasks_created: ["count>0"],
};

/** A server error may come after the commit: only a 4xx says that nothing has changed. */
function outcomeOf({ status }, success) {
  if (status === success) return "done";
  return status >= 400 && status < 500 ? "refused" : "unknown";
}
