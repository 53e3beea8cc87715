// Fills the lane and leaves it full: what comes after measures a queue that is long.
import { COMMAND, duration, envInt, envSeconds } from "./lib/config.js";
import { droppedThresholds, produce } from "./lib/producer.js";
import { summaryOf } from "./lib/summary.js";
import { TREND_STATS, verdict } from "./lib/thresholds.js";

const SCENARIO = "04_prefill_queue";
const TASKS = envInt("TASKS", 100_000, { min: 1 });
const VUS = Math.min(envInt("VUS", 200, { min: 1 }), TASKS);
const MAX_SECONDS = envSeconds("MAX_DURATION", "30m");
const PRIORITY = envInt("PRIORITY", 0, { max: 9 });

export const options = {
  scenarios: {
    prefill: {
      executor: "shared-iterations",
      exec: "producer",
      vus: VUS,
      iterations: TASKS,
      maxDuration: duration(MAX_SECONDS),
    },
  },
  thresholds: verdict(droppedThresholds(TASKS)),
  summaryTrendStats: TREND_STATS,
  tags: { command: COMMAND },
};

export { setup, teardown } from "./lib/run.js";

export function producer(data) {
  produce("prefill_queue", data, { priority: PRIORITY });
}

export const handleSummary = summaryOf(
  SCENARIO,
  ({ iterations }, durationMs) => iterations?.values.count === TASKS || durationMs >= MAX_SECONDS * 1000,
);
