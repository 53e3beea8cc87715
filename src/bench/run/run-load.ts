import type { LoadPlan, ThreadReport } from "../load/load-plan.ts";
import { LoadThreads } from "../load/load-threads.ts";
import { RunClock } from "../load/run-clock.ts";
import { TAGS_MAX } from "../load/task-payload.ts";
import { TaskRows } from "../load/task-rows.ts";
import type { HeapCount, HeapLook, ServerProfile } from "../profile/server-profile.ts";
import type { MetricsPage } from "../target/metrics-page.ts";
import type { BenchServer } from "./bench-server.ts";
import { LiveView } from "./live-view.ts";
import { countMade } from "./objects-made.ts";
import { LEASE_SECONDS, type PointPlan } from "./point-plan.ts";
import type { RunSettings } from "./run-settings.ts";
import { fillPlan, threadPlans } from "./thread-plans.ts";

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
  /** Before and after the window; undefined when nobody counted. */
  readonly heap: readonly [before: HeapCount, after: HeapCount] | undefined;
  /** Made for a task of the point's unit; undefined when nobody counted, or nothing could be told. */
  readonly objectsMade: number | undefined;
  readonly nowUs: () => number;
}

/**
 * Puts a server under load: fill, warm up, measure, drain.
 * @param over rejects when there is no point in going on; then so does this, and nothing is left running
 */
export async function runLoad(
  plan: PointPlan,
  settings: RunSettings,
  server: BenchServer,
  seed: number,
  over: Promise<never>,
): Promise<LoadOutcome> {
  const { parameters, watch } = settings;
  const rows = new TaskRows(TaskRows.bufferFor(tasksMaxOf(plan, settings)));
  // The run's clock starts a moment ago, for 0 stands for "not yet".
  const originMs = RunClock.now() - 1000;
  const clock = new RunClock(originMs);
  const common = { plan, settings, server, seed, rows: rows.buffer, originMs };
  if (plan.prefill > 0) {
    watch.phase("filling");
    await fill(fillPlan(common), over);
    if (plan.restarts === true) await Promise.race([server.own?.restart(), over]);
  }
  await using threads = new LoadThreads(threadPlans(common));
  const unlessOver = <T>(work: Promise<T>): Promise<T> => Promise.race([work, over, threads.failure]);
  await unlessOver(threads.connect());
  const stage = async (phase: "warming up" | "measuring", ms: number): Promise<void> => {
    watch.phase(phase);
    const untilUs = clock.nowUs() + ms * 1000;
    const live = new LiveView(threads, plan, untilUs, clock);
    for (let leftMs = ms; leftMs > 0; leftMs = (untilUs - clock.nowUs()) / 1000) {
      await unlessOver(Bun.sleep(Math.min(PROGRESS_MS, leftMs)));
      watch.progress(live.look());
    }
  };
  threads.work();
  threads.produce(clock.nowUs());
  await stage("warming up", parameters.warmupMs);
  const profile = server.own?.profile;
  const counted = (): Promise<HeapCount | undefined> =>
    unlessOver(settings.watchesGarbage && profile !== undefined ? profile.countObjects() : NOTHING);
  const heapBefore = await counted();
  await unlessOver(profile?.begin() ?? NOTHING);
  const fromUs = clock.nowUs();
  const first = server.view.metrics();
  // Looked at only after the window; should it fail, the wait for it does.
  first.catch(() => undefined);
  await stage("measuring", parameters.durationMs);
  const toUs = clock.nowUs();
  const after = await unlessOver(server.view.metrics());
  await unlessOver(profile?.end() ?? NOTHING);
  const heapAfter = await counted();
  const objectsMade = await unlessOver(settings.watchesGarbage ? madeFor(plan, threads, profile) : NOTHING);
  watch.phase("draining");
  await unlessOver(threads.stopProducing(ANSWER_MS_MAX));
  if (plan.afterwards === "drain") await unlessOver(drained(threads, plan));
  const reports = await unlessOver(threads.finish(ANSWER_MS_MAX));
  const heap = heapBefore === undefined || heapAfter === undefined ? undefined : ([heapBefore, heapAfter] as const);
  const told = { before: await first, after, heap, objectsMade };
  const skippedArrivals = threads.sum("skippedArrivals");
  const leaseMs = LEASE_SECONDS * 1000;
  return { rows, reports, leaseMs, originMs, fromUs, toUs, skippedArrivals, nowUs: () => clock.nowUs(), ...told };
}

/** After the window: it stops the server again and again. */
async function madeFor(
  { unit }: PointPlan,
  threads: LoadThreads,
  profile: ServerProfile | undefined,
): Promise<number | undefined> {
  if (profile === undefined) return undefined;
  const done = unit === "creates/s" ? "created" : "resultsAcked";
  const lookAtHeap = (): Promise<HeapLook> => profile.lookAtHeap();
  return countMade({ lookAtHeap, tasks: () => threads.sum(done), sleep: Bun.sleep });
}

/** Makes the tasks that shall wait when the load begins. */
async function fill(plan: Omit<LoadPlan, "counts" | "thread">, over: Promise<never>): Promise<void> {
  await using threads = new LoadThreads([plan]);
  const filled = async (): Promise<void> => {
    await threads.connect();
    await threads.produceAll(0);
    await threads.finish(ANSWER_MS_MAX);
  };
  await Promise.race([filled(), over, threads.failure]);
}

/** Waits until all tasks are done, or nothing more comes of it. */
async function drained(threads: LoadThreads, plan: PointPlan): Promise<void> {
  const patienceMs = PATIENCE_MS + (plan.producers?.delays?.secondsMax ?? 0) * 1000;
  const untilMs = performance.now() + DRAIN_MS_MAX;
  let done = -1;
  let giveUpMs = untilMs;
  for (;;) {
    const now = threads.sum("resultsAnswered");
    if (now > done) giveUpMs = Math.min(performance.now() + patienceMs, untilMs);
    done = now;
    if (threads.sum("created") + plan.prefill <= done || performance.now() > giveUpMs) return;
    await Bun.sleep(DRAIN_STEP_MS);
  }
}

/** Room for every task that could be made. Memory that is not touched costs nothing. */
function tasksMaxOf(plan: PointPlan, { parameters }: RunSettings): number {
  const seconds = (parameters.warmupMs + parameters.durationMs) / 1000 + 1;
  const made = plan.producers === undefined ? 0 : seconds * (plan.producers.ratePerSecond ?? CREATES_PER_SECOND_MAX);
  return Math.min(Math.ceil(plan.prefill + made + 10_000), LEDGER_TASKS_MAX, TAGS_MAX);
}

const NOTHING = Promise.resolve(undefined);
const PROGRESS_MS = 250;
const ANSWER_MS_MAX = 15_000;
const DRAIN_MS_MAX = 15_000;
const DRAIN_STEP_MS = 20;
/** A drain ends when it has not got on for so long. */
const PATIENCE_MS = 2000;
/** No server on the machines of these years is faster; should one be, the run says that its ledger is full. */
const CREATES_PER_SECOND_MAX = 400_000;
/** 1.3 GB of rows, if all are used. */
const LEDGER_TASKS_MAX = 16_000_000;
