import { Counter } from "k6/metrics";
import { enterStored, storedTasks } from "./accounts.js";
import { getQueueStats } from "./codeq.js";
import { CODEQ_BASE_URL, COMMAND } from "./config.js";

/** What surrounds every scenario: the state of its lane before and after. */

const leftOver = new Counter("codeq_tasks_left_over");

/** k6 hands what this returns to everything that runs later. */
export function setup() {
  const before = statsOrStop("before");
  // Tells the tasks of this run from those that others left in the lane.
  const run = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  console.log(`[codeq] ${CODEQ_BASE_URL} command=${COMMAND} run=${run} stored before: ${storedTasks(before)}`);
  return { run, before };
}

export function teardown({ before }) {
  const after = statsOrStop("after");
  enterStored(before, after);
  leftOver.add(Math.max(0, waiting(after) - waiting(before)));
  const { ready, delayed, inProgress, dlq } = after;
  console.log(`[queue_stats] command=${COMMAND} ready=${ready} delayed=${delayed} inProgress=${inProgress} dlq=${dlq}`);
}

/** For scenarios that promise an empty lane. */
export const DRAINED_THRESHOLDS = { codeq_tasks_left_over: ["count<=0"] };

/** Whether the lane holds no more than before the run. */
export function isDrained(before) {
  const now = getQueueStats(COMMAND);
  return now !== undefined && waiting(now) <= waiting(before);
}

function waiting({ ready, delayed, inProgress }) {
  return ready + delayed + inProgress;
}

function statsOrStop(when) {
  const stats = getQueueStats(COMMAND);
  if (stats !== undefined) return stats;
  // Outside of scenarios an error ends k6 with an exit code of its own.
  throw new Error(
    `no verdict without the statistics of ${COMMAND} ${when} the run: is codeq at ${CODEQ_BASE_URL}, and CODEQ_ADMIN_TOKEN that of an admin?`,
  );
}
