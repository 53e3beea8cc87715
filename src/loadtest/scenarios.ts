import sustained from "../../loadtest/k6/01_sustained_throughput.js" with { type: "text" };
import burst from "../../loadtest/k6/02_burst_10k_10s.js" with { type: "text" };
import manyWorkers from "../../loadtest/k6/03_many_workers.js" with { type: "text" };
import prefill from "../../loadtest/k6/04_prefill_queue.js" with { type: "text" };
import priorities from "../../loadtest/k6/05_mixed_priorities.js" with { type: "text" };
import delays from "../../loadtest/k6/06_delayed_tasks.js" with { type: "text" };
import accounts from "../../loadtest/k6/lib/accounts.js" with { type: "text" };
import codeq from "../../loadtest/k6/lib/codeq.js" with { type: "text" };
import config from "../../loadtest/k6/lib/config.js" with { type: "text" };
import inversionWatch from "../../loadtest/k6/lib/inversion-watch.js" with { type: "text" };
import producer from "../../loadtest/k6/lib/producer.js" with { type: "text" };
import run from "../../loadtest/k6/lib/run.js" with { type: "text" };
import summary from "../../loadtest/k6/lib/summary.js" with { type: "text" };
import times from "../../loadtest/k6/lib/task-times.js" with { type: "text" };
import weight from "../../loadtest/k6/lib/task-weight.js" with { type: "text" };
import thresholds from "../../loadtest/k6/lib/thresholds.js" with { type: "text" };
import worker from "../../loadtest/k6/lib/worker.js" with { type: "text" };

export interface Scenario {
  /** Two digits. */
  readonly number: string;
  readonly file: string;
  readonly workload: string;
  /** What it takes from the environment, with the defaults. */
  readonly variables: string;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    number: "01",
    file: "01_sustained_throughput.js",
    workload: "a steady stream of tasks, and workers that keep up",
    variables: "RATE=1000 DURATION=1h WORKER_VUS=100 CLAIM_P99_MS=100",
  },
  {
    number: "02",
    file: "02_burst_10k_10s.js",
    workload: "10,000 tasks within ten seconds, then workers until none is left",
    variables: "RATE=1000 BURST_DURATION=10s DRAIN_DURATION=2m WORKER_VUS=200",
  },
  {
    number: "03",
    file: "03_many_workers.js",
    workload: "more than a hundred workers that claim at the same time",
    variables: "PRODUCER_RATE=800 DURATION=5m WORKER_VUS=120 CLAIM_P99_MS=100",
  },
  {
    number: "04",
    file: "04_prefill_queue.js",
    workload: "100,000 pending tasks and no worker",
    variables: "TASKS=100000 VUS=200",
  },
  {
    number: "05",
    file: "05_mixed_priorities.js",
    workload: "half of high, 30 % of medium and 20 % of low priority",
    variables: "RATE=1000 DURATION=5m WORKER_VUS=200 HIGH_PCT=50 MED_PCT=30 LOW_PCT=20 CLAIM_P99_MS=100",
  },
  {
    number: "06",
    file: "06_delayed_tasks.js",
    workload: "half of the tasks for later",
    variables:
      "RATE=500 DURATION=5m WORKER_VUS=200 DELAY_PCT=50 MIN_DELAY_SECONDS=1 MAX_DELAY_SECONDS=30 CLAIM_P99_MS=100",
  },
];

/** The scripts and what they share, by path. */
export const SCRIPT_FILES: Readonly<Record<string, string>> = {
  "01_sustained_throughput.js": sustained,
  "02_burst_10k_10s.js": burst,
  "03_many_workers.js": manyWorkers,
  "04_prefill_queue.js": prefill,
  "05_mixed_priorities.js": priorities,
  "06_delayed_tasks.js": delays,
  "lib/accounts.js": accounts,
  "lib/codeq.js": codeq,
  "lib/config.js": config,
  "lib/inversion-watch.js": inversionWatch,
  "lib/producer.js": producer,
  "lib/run.js": run,
  "lib/summary.js": summary,
  "lib/task-times.js": times,
  "lib/task-weight.js": weight,
  "lib/thresholds.js": thresholds,
  "lib/worker.js": worker,
};
