// Many workers that ask at the same time for fewer tasks than they could do.
import { COMMAND, envInt, envSeconds } from "./lib/config.js";
import { droppedThresholds, produce, producerScenario } from "./lib/producer.js";
import { summaryOf } from "./lib/summary.js";
import { claimLatency, failuresOf, TREND_STATS, verdict } from "./lib/thresholds.js";
import { allWentHome, WORKER_THRESHOLDS, workerScenario, workUntilDrained } from "./lib/worker.js";

const SCENARIO = "03_many_workers";
const PRODUCER_RATE = envInt("PRODUCER_RATE", 800, { min: 1 });
const SECONDS = envSeconds("DURATION", "5m");
const WORKER_VUS = envInt("WORKER_VUS", 120, { min: 1 });
/** How long after the last task the workers look for what has not come. */
const DRAIN_SECONDS = envSeconds("DRAIN_DURATION", "30s");
const TIMES = { startSeconds: 0, producersEndSeconds: SECONDS, endSeconds: SECONDS + DRAIN_SECONDS };

export const options = {
  scenarios: {
    producer: producerScenario({ exec: "producer", rate: PRODUCER_RATE, seconds: SECONDS, vusMin: 50 }),
    many_workers: workerScenario({ exec: "worker", vus: WORKER_VUS, times: TIMES }),
  },
  thresholds: verdict(
    failuresOf("claim", "result"),
    WORKER_THRESHOLDS,
    claimLatency(),
    droppedThresholds(PRODUCER_RATE * SECONDS),
  ),
  summaryTrendStats: TREND_STATS,
  tags: { command: COMMAND },
};

export { setup, teardown } from "./lib/run.js";

export function producer(data) {
  produce("many_workers", data);
}

export function worker(data) {
  workUntilDrained("many_workers", data, TIMES);
}

export const handleSummary = summaryOf(SCENARIO, allWentHome(WORKER_VUS));
