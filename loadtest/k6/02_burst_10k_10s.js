// Many tasks within seconds while nobody works, then everybody works until nothing is left.
import { COMMAND, envInt, envSeconds } from "./lib/config.js";
import { droppedThresholds, produce, producerScenario } from "./lib/producer.js";
import { DRAINED_THRESHOLDS } from "./lib/run.js";
import { summaryOf } from "./lib/summary.js";
import { claimLatencyIfAsked, failuresOf, TREND_STATS, verdict } from "./lib/thresholds.js";
import { allWentHome, WORKER_THRESHOLDS, workerScenario, workUntilDrained } from "./lib/worker.js";

const SCENARIO = "02_burst_10k_10s";
const RATE = envInt("RATE", 1000, { min: 1 });
const BURST_SECONDS = envSeconds("BURST_DURATION", "10s");
const DRAIN_SECONDS = envSeconds("DRAIN_DURATION", "2m");
const WORKER_VUS = envInt("WORKER_VUS", 200, { min: 1 });
const TIMES = {
  startSeconds: BURST_SECONDS,
  producersEndSeconds: BURST_SECONDS,
  endSeconds: BURST_SECONDS + DRAIN_SECONDS,
};

export const options = {
  scenarios: {
    burst_producer: producerScenario({ exec: "producer", rate: RATE, seconds: BURST_SECONDS, vusMin: 50 }),
    drain_workers: workerScenario({ exec: "worker", vus: WORKER_VUS, times: TIMES }),
  },
  thresholds: verdict(
    failuresOf("claim", "result"),
    WORKER_THRESHOLDS,
    DRAINED_THRESHOLDS,
    claimLatencyIfAsked(),
    droppedThresholds(RATE * BURST_SECONDS),
  ),
  summaryTrendStats: TREND_STATS,
  tags: { command: COMMAND },
};

export { setup, teardown } from "./lib/run.js";

export function producer(data) {
  produce("burst_10k_10s", data);
}

export function worker(data) {
  workUntilDrained("burst_10k_10s", data, TIMES);
}

export const handleSummary = summaryOf(SCENARIO, allWentHome(WORKER_VUS));
