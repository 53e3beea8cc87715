// A steady stream of tasks and workers that keep up with it.
import { COMMAND, envInt, envSeconds } from "./lib/config.js";
import { droppedThresholds, produce, producerScenario } from "./lib/producer.js";
import { summaryOf } from "./lib/summary.js";
import { claimLatency, failuresOf, TREND_STATS, verdict } from "./lib/thresholds.js";
import { allWentHome, WORKER_THRESHOLDS, workerScenario, workUntilDrained } from "./lib/worker.js";

const SCENARIO = "01_sustained_throughput";
const RATE = envInt("RATE", 1000, { min: 1 });
const SECONDS = envSeconds("DURATION", "1h");
const WORKER_VUS = envInt("WORKER_VUS", 100, { min: 1 });
/** How long after the last task the workers look for what has not come. */
const DRAIN_SECONDS = envSeconds("DRAIN_DURATION", "30s");
const TIMES = { startSeconds: 0, producersEndSeconds: SECONDS, endSeconds: SECONDS + DRAIN_SECONDS };

export const options = {
  scenarios: {
    producer: producerScenario({ exec: "producer", rate: RATE, seconds: SECONDS }),
    worker: workerScenario({ exec: "worker", vus: WORKER_VUS, times: TIMES }),
  },
  thresholds: verdict(
    failuresOf("claim", "result"),
    WORKER_THRESHOLDS,
    claimLatency(),
    droppedThresholds(RATE * SECONDS),
  ),
  summaryTrendStats: TREND_STATS,
  tags: { command: COMMAND },
};

export { setup, teardown } from "./lib/run.js";

export function producer(data) {
  produce("sustained", data);
}

export function worker(data) {
  workUntilDrained("sustained", data, TIMES);
}

export const handleSummary = summaryOf(SCENARIO, allWentHome(WORKER_VUS));
