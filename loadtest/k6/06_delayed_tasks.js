// Tasks for now and tasks for later. The workers stay until the last one has come.
import { Counter, Trend } from "k6/metrics";
import { COMMAND, envFloat, envInt, envSeconds } from "./lib/config.js";
import { droppedThresholds, produce, producerScenario } from "./lib/producer.js";
import { DRAINED_THRESHOLDS } from "./lib/run.js";
import { summaryOf } from "./lib/summary.js";
import { taskTimes } from "./lib/task-times.js";
import { claimLatency, failuresOf, TREND_STATS, verdict } from "./lib/thresholds.js";
import { allWentHome, WORKER_THRESHOLDS, workerScenario, workUntilDrained } from "./lib/worker.js";

const SCENARIO = "06_delayed_tasks";
const RATE = envInt("RATE", 500, { min: 1 });
const SECONDS = envSeconds("DURATION", "5m");
const WORKER_VUS = envInt("WORKER_VUS", 200, { min: 1 });
const DELAYED_SHARE = envFloat("DELAY_PCT", 50, { max: 100 }) / 100;
const DELAY_SECONDS_MIN = envInt("MIN_DELAY_SECONDS", 1, { max: 86_400 });
const DELAY_SECONDS_MAX = envInt("MAX_DELAY_SECONDS", 30, { max: 86_400 });
if (DELAY_SECONDS_MAX < DELAY_SECONDS_MIN) {
  throw new Error(`MAX_DELAY_SECONDS: ${DELAY_SECONDS_MAX} is less than MIN_DELAY_SECONDS, ${DELAY_SECONDS_MIN}`);
}
/** How long after the last due time the workers wait for what has not come. */
const DRAIN_SECONDS = envSeconds("DRAIN_DURATION", "30s");
/** A task is stamped when it gets its number, which may be ahead of its due time's clock by a moment. */
const EARLY_TOLERANCE_MS = envInt("EARLY_TOLERANCE_MS", 10);
const LATE_TOLERANCE_MS = envInt("LATE_TOLERANCE_MS", 2000);
const TIMES = {
  startSeconds: 0,
  producersEndSeconds: SECONDS,
  endSeconds: SECONDS + DELAY_SECONDS_MAX + DRAIN_SECONDS,
};

const delayedCreated = new Counter("delayed_tasks_created_total");
const immediateCreated = new Counter("immediate_tasks_created_total");
const queueWaitMs = new Trend("queue_wait_ms");
const early = new Counter("codeq_early_deliveries");
const lateMs = new Trend("codeq_delay_late_ms");

export const options = {
  scenarios: {
    producer: producerScenario({
      exec: "producer",
      rate: RATE,
      seconds: SECONDS,
      vusMin: Math.max(50, Math.ceil(RATE / 10)),
    }),
    worker: workerScenario({ exec: "worker", vus: WORKER_VUS, times: TIMES }),
  },
  thresholds: verdict(
    failuresOf("claim", "result"),
    WORKER_THRESHOLDS,
    DRAINED_THRESHOLDS,
    claimLatency(),
    droppedThresholds(RATE * SECONDS),
    { codeq_early_deliveries: ["count<=0"], codeq_delay_late_ms: [`p(99)<=${LATE_TOLERANCE_MS}`] },
  ),
  summaryTrendStats: TREND_STATS,
  tags: { command: COMMAND },
};

export { setup, teardown } from "./lib/run.js";

export function producer(data) {
  const delayed = Math.random() < DELAYED_SHARE;
  const span = DELAY_SECONDS_MAX - DELAY_SECONDS_MIN + 1;
  const delaySeconds = delayed ? DELAY_SECONDS_MIN + Math.floor(Math.random() * span) : 0;
  const task = { ...(delayed ? { delaySeconds } : {}), payload: { delayed, delaySeconds } };
  if (produce("delayed_tasks", data, task, { delayed: String(delayed) })) {
    (delayed ? delayedCreated : immediateCreated).add(1);
  }
}

export function worker(data) {
  workUntilDrained("delayed_tasks", data, TIMES, (task, { delayed, delaySeconds }) => {
    const { createdMs, claimedMs } = taskTimes(task);
    queueWaitMs.add(claimedMs - createdMs, { delayed: String(delayed) });
    if (!delayed) return;
    const afterDueMs = claimedMs - (createdMs + delaySeconds * 1000);
    if (afterDueMs < -EARLY_TOLERANCE_MS) early.add(1);
    // A task that came back is late by its lease.
    if (task.attempts === 1) lateMs.add(Math.max(0, afterDueMs));
  });
}

export const handleSummary = summaryOf(SCENARIO, allWentHome(WORKER_VUS));
