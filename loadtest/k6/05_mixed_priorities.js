// Three priorities. The workers come late, so that there is a backlog in which order can be seen.
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import { COMMAND, envFloat, envInt, envSeconds } from "./lib/config.js";
import { InversionWatch } from "./lib/inversion-watch.js";
import { droppedThresholds, produce, producerScenario } from "./lib/producer.js";
import { summaryOf } from "./lib/summary.js";
import { taskTimes } from "./lib/task-times.js";
import { claimLatency, failuresOf, TREND_STATS, verdict } from "./lib/thresholds.js";
import { allWentHome, WORKER_THRESHOLDS, workerScenario, workUntilDrained } from "./lib/worker.js";

const SCENARIO = "05_mixed_priorities";
const RATE = envInt("RATE", 1000, { min: 1 });
const SECONDS = envSeconds("DURATION", "5m");
const WORKER_VUS = envInt("WORKER_VUS", 200, { min: 1 });
const WORKERS_LATE_SECONDS = Math.min(envInt("WORKERS_LATE_SECONDS", 2, { max: 3600 }), SECONDS / 2);
/** How long after the last task the workers look for what has not come. */
const DRAIN_SECONDS = envSeconds("DRAIN_DURATION", "30s");
const TIMES = {
  startSeconds: WORKERS_LATE_SECONDS,
  producersEndSeconds: SECONDS,
  endSeconds: SECONDS + DRAIN_SECONDS,
};
const CLASSES = [
  { name: "high", percent: envFloat("HIGH_PCT", 50), priority: envInt("HIGH_PRIORITY", 9, { max: 9 }) },
  { name: "medium", percent: envFloat("MED_PCT", 30), priority: envInt("MED_PRIORITY", 5, { max: 9 }) },
  { name: "low", percent: envFloat("LOW_PCT", 20), priority: envInt("LOW_PRIORITY", 0, { max: 9 }) },
];
const PERCENT = CLASSES.reduce((sum, { percent }) => sum + percent, 0);
if (PERCENT !== 100) throw new Error(`HIGH_PCT, MED_PCT and LOW_PCT: their sum is ${PERCENT}, must be 100`);

const queueWaitMs = new Trend("queue_wait_ms");
const tasksClaimed = new Counter("tasks_claimed_total");
const inversions = new Counter("codeq_priority_inversions");
// Of this VU: every VU runs this file for itself.
const watch = new InversionWatch(envInt("PRIORITY_TOLERANCE_MS", 1000));

export const options = {
  scenarios: {
    producer: producerScenario({ exec: "producer", rate: RATE, seconds: SECONDS, vusMin: 50 }),
    worker: workerScenario({ exec: "worker", vus: WORKER_VUS, times: TIMES }),
  },
  thresholds: verdict(
    failuresOf("claim", "result"),
    WORKER_THRESHOLDS,
    claimLatency(),
    droppedThresholds(RATE * SECONDS),
    { codeq_priority_inversions: ["count<=0"] },
  ),
  summaryTrendStats: TREND_STATS,
  tags: { command: COMMAND },
};

export { setup, teardown } from "./lib/run.js";

export function producer(data) {
  const { name, priority } = classAt((exec.scenario.iterationInTest * 37 + 11) % 100);
  produce("mixed_priorities", data, { priority, payload: { priority } }, { priority: name });
}

export function worker(data) {
  workUntilDrained("mixed_priorities", data, TIMES, (task) => {
    const { createdMs, claimedMs } = taskTimes(task);
    const priority = task.priority ?? 0;
    const tags = { priority: CLASSES.find((one) => one.priority === priority)?.name ?? String(priority) };
    queueWaitMs.add(claimedMs - createdMs, tags);
    tasksClaimed.add(1, tags);
    if (watch.passedOver({ priority, createdMs, claimedMs, attempts: task.attempts })) inversions.add(1, tags);
  });
}

/** Shares of a hundred, spread evenly: the same mix in every run. */
function classAt(percentile) {
  let upTo = 0;
  return CLASSES.find(({ percent }) => (upTo += percent) > percentile) ?? CLASSES[0];
}

export const handleSummary = summaryOf(SCENARIO, allWentHome(WORKER_VUS));
