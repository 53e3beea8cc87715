import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildK6First, inspectK6, K6_MISSING } from "./k6-run.ts";

setDefaultTimeout(30_000);
buildK6First();

const BOOKS = [
  "codeq_checksum_lost count<=0",
  "codeq_checksum_surplus count<=0",
  "codeq_tasks_created count>0",
  "codeq_tasks_lost count<=0",
  "codeq_tasks_surplus count<=0",
  "http_req_failed{endpoint:create} rate<0.01",
];
const WORKERS = [
  "codeq_duplicate_completions count<=0",
  "codeq_redelivered_under_lease count<=0",
  "codeq_tasks_completed count>0",
  "http_req_failed{endpoint:claim} rate<0.01",
  "http_req_failed{endpoint:result} rate<0.01",
];
const CLAIMS = "codeq_claim_ms p(99)<100";
const DRAINED = "codeq_tasks_left_over count<=0";

/** `rate` per second, and how many may be busy. */
function arrivals(rate: number, duration: string, vus: number) {
  const executor = "constant-arrival-rate";
  return { executor, rate, timeUnit: "1s", duration, preAllocatedVUs: vus, maxVUs: 2 * vus, exec: "producer" };
}

function workers(vus: number, startTime: string, maxDuration: string) {
  return {
    executor: "per-vu-iterations",
    vus,
    iterations: 1,
    startTime,
    maxDuration,
    gracefulStop: "3m0s",
    exec: "worker",
  };
}

/** What each script does and demands when nothing is set. */
const WORKLOADS = [
  {
    script: "01_sustained_throughput.js",
    scenarios: { producer: arrivals(1000, "1h0m0s", 50), worker: workers(100, "0s", "1h0m30s") },
    thresholds: [...BOOKS, ...WORKERS, CLAIMS, "dropped_iterations count<=36000"],
  },
  {
    script: "02_burst_10k_10s.js",
    scenarios: { burst_producer: arrivals(1000, "10s", 50), drain_workers: workers(200, "10s", "2m0s") },
    thresholds: [...BOOKS, ...WORKERS, DRAINED, "dropped_iterations count<=100"],
  },
  {
    script: "03_many_workers.js",
    scenarios: { producer: arrivals(800, "5m0s", 50), many_workers: workers(120, "0s", "5m30s") },
    thresholds: [...BOOKS, ...WORKERS, CLAIMS, "dropped_iterations count<=2400"],
  },
  {
    script: "04_prefill_queue.js",
    scenarios: {
      prefill: {
        executor: "shared-iterations",
        vus: 200,
        iterations: 100_000,
        maxDuration: "30m0s",
        exec: "producer",
      },
    },
    thresholds: [...BOOKS, "dropped_iterations count<=1000"],
  },
  {
    script: "05_mixed_priorities.js",
    scenarios: { producer: arrivals(1000, "5m0s", 50), worker: workers(200, "2s", "5m28s") },
    thresholds: [...BOOKS, ...WORKERS, CLAIMS, "codeq_priority_inversions count<=0", "dropped_iterations count<=3000"],
  },
  {
    script: "06_delayed_tasks.js",
    scenarios: { producer: arrivals(500, "5m0s", 50), worker: workers(200, "0s", "6m0s") },
    thresholds: [
      ...BOOKS,
      ...WORKERS,
      CLAIMS,
      DRAINED,
      "codeq_delay_late_ms p(99)<=2000",
      "codeq_early_deliveries count<=0",
      "dropped_iterations count<=1500",
    ],
  },
];

describe.skipIf(K6_MISSING)("without variables a scenario has the workload and the limits of the documents", () => {
  test.each(WORKLOADS)("$script", async ({ script, scenarios, thresholds }) => {
    const options = await inspectK6(script, {});
    expect(options.scenarios).toEqual(scenarios);
    expect(options.thresholds).toEqual(thresholds.toSorted((a, b) => (a < b ? -1 : 1)));
  });
});

describe.skipIf(K6_MISSING)("a variable changes", () => {
  test("the rate, the time and the number of workers", async () => {
    const env = { RATE: "2000", DURATION: "1m30s", WORKER_VUS: "7", DRAIN_DURATION: "500ms" };
    const { scenarios } = await inspectK6("01_sustained_throughput.js", env);
    expect(scenarios).toEqual({ producer: arrivals(2000, "1m30s", 100), worker: workers(7, "0s", "1m30.5s") });
  });

  test("the limit on claims, also where there is none of its own", async () => {
    const { thresholds } = await inspectK6("02_burst_10k_10s.js", { CLAIM_P99_MS: "250" });
    expect(thresholds).toContain("codeq_claim_ms p(99)<250");
  });

  test("how many producers there are, and how many arrivals may find none", async () => {
    const env = { PRODUCER_PREALLOC_VUS: "3", PRODUCER_MAX_VUS: "4", DROPPED_PCT_MAX: "2.5" };
    const { scenarios, thresholds } = await inspectK6("02_burst_10k_10s.js", env);
    expect(scenarios["burst_producer"]).toMatchObject({ preAllocatedVUs: 3, maxVUs: 4 });
    expect(thresholds).toContain("dropped_iterations count<=250");
  });

  test("when the late workers come, but never beyond the middle", async () => {
    const late = await inspectK6("05_mixed_priorities.js", { WORKERS_LATE_SECONDS: "10" });
    expect(late.scenarios["worker"]).toMatchObject({ startTime: "10s", maxDuration: "5m20s" });
    const short = await inspectK6("05_mixed_priorities.js", { WORKERS_LATE_SECONDS: "10", DURATION: "4s" });
    expect(short.scenarios["worker"]).toMatchObject({ startTime: "2s", maxDuration: "32s" });
  });
});
