import { SLOTS, slotRange } from "../histogram.ts";
import type { LiveCount } from "../load/live-counts.ts";
import type { LoadPlan, ThreadReport } from "../load/load-plan.ts";
import { LoadThreads } from "../load/load-threads.ts";
import { RunClock } from "../load/run-clock.ts";
import { TAGS_MAX } from "../load/task-payload.ts";
import { TaskRows } from "../load/task-rows.ts";
import type { RateUnit } from "../result.ts";
import type { MetricsPage } from "../target/metrics-page.ts";
import type { BenchServer } from "./bench-server.ts";
import { fillPlan, threadPlans } from "./thread-plans.ts";
import { LEASE_SECONDS, type PointPlan } from "./point-plan.ts";
import type { RunSettings } from "./run-settings.ts";

/** What the load of a run left behind. */
export interface LoadOutcome {
  readonly rows: TaskRows;
  readonly reports: readonly ThreadReport[];
  readonly leaseMs: number;
  /** Where the run's clock starts, in milliseconds since the epoch. */
  readonly originMs: number;
  /** The window, on the run's clock. */
  readonly fromUs: number;
  readonly toUs: number;
  /** What the server said of itself when the window began and ended. */
  readonly before: MetricsPage;
  readonly after: MetricsPage;
  readonly skippedArrivals: number;
  readonly nowUs: () => number;
}

/** Puts a server under load: fill, warm up, measure, drain. */
export async function runLoad(
  plan: PointPlan,
  settings: RunSettings,
  server: BenchServer,
  seed: number,
): Promise<LoadOutcome> {
  const { parameters, watch, signal } = settings;
  const rows = new TaskRows(TaskRows.bufferFor(tasksMaxOf(plan, settings)));
  // The run's clock starts a moment ago, for 0 stands for "not yet".
  const originMs = RunClock.now() - 1000;
  const clock = new RunClock(originMs);
  const common = { plan, settings, server, seed, rows: rows.buffer, originMs };
  if (plan.prefill > 0) {
    watch.phase("filling");
    await fill(fillPlan(common));
    if (plan.restarts === true) await server.own?.restart();
  }
  await using threads = new LoadThreads(threadPlans(common));
  await threads.connect();
  const stage = async (phase: "warming up" | "measuring", ms: number): Promise<void> => {
    watch.phase(phase);
    const untilUs = clock.nowUs() + ms * 1000;
    const live = new LiveView(threads, plan, untilUs, clock);
    while (clock.nowUs() < untilUs && !signal.aborted) {
      const leftMs = (untilUs - clock.nowUs()) / 1000;
      await Promise.race([Bun.sleep(Math.min(PROGRESS_MS, Math.max(leftMs, 0))), threads.failure]);
      watch.progress(live.look());
    }
  };
  threads.work();
  threads.produce(clock.nowUs());
  await stage("warming up", parameters.warmupMs);
  const fromUs = clock.nowUs();
  const first = server.view.metrics();
  await stage("measuring", parameters.durationMs);
  const toUs = clock.nowUs();
  const after = await server.view.metrics();
  watch.phase("draining");
  await threads.stopProducing(ANSWER_MS_MAX);
  if (plan.afterwards === "drain") await drained(threads, plan.prefill);
  const reports = await threads.finish(ANSWER_MS_MAX);
  const skippedArrivals = sum(threads, "skippedArrivals");
  return {
    rows,
    reports,
    leaseMs: LEASE_SECONDS * 1000,
    originMs,
    fromUs,
    toUs,
    before: await first,
    after,
    skippedArrivals,
    nowUs: () => clock.nowUs(),
  };
}

/** Makes the tasks that shall wait when the load begins. */
async function fill(plan: Omit<LoadPlan, "counts" | "thread">): Promise<void> {
  await using threads = new LoadThreads([plan]);
  await threads.connect();
  await threads.produceAll(0);
  await threads.finish(ANSWER_MS_MAX);
}

/** Waits until all tasks are done, as long as it gets on and at most so long. */
async function drained(threads: LoadThreads, prefill: number): Promise<void> {
  const untilMs = performance.now() + DRAIN_MS_MAX;
  while (performance.now() < untilMs) {
    if (sum(threads, "created") + prefill <= sum(threads, "resultsAnswered")) return;
    await Promise.race([Bun.sleep(DRAIN_STEP_MS), threads.failure]);
  }
}

function sum(threads: LoadThreads, count: LiveCount): number {
  return threads.counts.reduce((total, counts) => total + counts.get(count), 0);
}

/** Room for every task that could be made. Memory that is not touched costs nothing. */
function tasksMaxOf(plan: PointPlan, { parameters }: RunSettings): number {
  const seconds = (parameters.warmupMs + parameters.durationMs) / 1000 + 1;
  const made = plan.producers === undefined ? 0 : seconds * (plan.producers.ratePerSecond ?? CREATES_PER_SECOND_MAX);
  return Math.min(Math.ceil(plan.prefill + made + 10_000), LEDGER_TASKS_MAX, TAGS_MAX);
}

/** What the live line shows, from the counts of all threads. */
class LiveView {
  readonly #threads: LoadThreads;
  readonly #count: LiveCount;
  readonly #prefill: number;
  readonly #untilUs: number;
  readonly #clock: RunClock;
  #lastCount: number;
  #lastUs: number;
  #lastLatencies: Float64Array;

  constructor(threads: LoadThreads, plan: PointPlan, untilUs: number, clock: RunClock) {
    this.#threads = threads;
    this.#count = COUNT_OF[plan.unit];
    this.#prefill = plan.prefill;
    this.#untilUs = untilUs;
    this.#clock = clock;
    this.#lastCount = sum(threads, this.#count);
    this.#lastUs = clock.nowUs();
    this.#lastLatencies = this.#latencies();
  }

  look(): { perSecond: number; p99Ms: number | undefined; depth: number; leftMs: number } {
    const nowUs = this.#clock.nowUs();
    const count = sum(this.#threads, this.#count);
    const perSecond = ((count - this.#lastCount) * 1e6) / Math.max(1, nowUs - this.#lastUs);
    const latencies = this.#latencies();
    const p99Us = quantileOfGrowth(this.#lastLatencies, latencies, 0.99);
    this.#lastCount = count;
    this.#lastUs = nowUs;
    this.#lastLatencies = latencies;
    const depth = Math.max(0, this.#prefill + sum(this.#threads, "created") - sum(this.#threads, "delivered"));
    const leftMs = Math.max(0, (this.#untilUs - nowUs) / 1000);
    return { perSecond, p99Ms: p99Us === undefined ? undefined : p99Us / 1000, depth, leftMs };
  }

  #latencies(): Float64Array {
    const latencies = new Float64Array(SLOTS);
    for (const counts of this.#threads.counts) counts.addLatencies(latencies);
    return latencies;
  }
}

function quantileOfGrowth(before: Float64Array, after: Float64Array, share: number): number | undefined {
  const grown = after.map((count, slot) => count - (before[slot] ?? 0));
  const wanted = share * grown.reduce((total, count) => total + count, 0);
  if (wanted === 0) return undefined;
  let seen = 0;
  const slot = grown.findIndex((count) => {
    seen += count;
    return seen >= wanted;
  });
  return slotRange(slot).to;
}

const COUNT_OF: Readonly<Record<RateUnit, LiveCount>> = {
  "tasks/s": "resultsAcked",
  "creates/s": "created",
  "claims/s": "delivered",
};

const PROGRESS_MS = 250;
const ANSWER_MS_MAX = 15_000;
const DRAIN_MS_MAX = 15_000;
const DRAIN_STEP_MS = 20;
/** No server on the machines of these years is faster; should one be, the run says that its ledger is full. */
const CREATES_PER_SECOND_MAX = 400_000;
/** 1.3 GB of rows, if all are used. */
const LEDGER_TASKS_MAX = 16_000_000;
