import { Histogram } from "../histogram.ts";
import type { Unsent } from "../load/load-plan.ts";
import type { Generator, Measures, Note, RateUnit, ServerCosts } from "../result.ts";
import { quantileBetween } from "../target/metrics-page.ts";
import { directoryBytes, peakRssBytes } from "../target/process-stats.ts";
import type { BenchServer } from "./bench-server.ts";
import { latencyOf, measureWindow, type WindowMeasures } from "./measure.ts";
import type { PointPlan } from "./point-plan.ts";
import { extrasOf } from "./run-extras.ts";
import type { LoadOutcome } from "./run-load.ts";

/** The numbers of a run that is known to be valid. @param left tasks that wait at its end */
export function measuresOf(plan: PointPlan, load: LoadOutcome, server: BenchServer, left: number): Measures {
  const loop = plan.producers?.ratePerSecond === undefined ? "closed" : "open";
  const unsent = load.reports.flatMap((report) => report.unsent ?? []).filter(({ count }) => count > 0);
  const window = measureWindow(load.rows, { ...load, loop }, unsent);
  const windowMs = (load.toUs - load.fromUs) / 1000;
  const count = countOf(plan.unit, window);
  const generator = generatorOf(load);
  return {
    windowMs,
    created: window.created,
    delivered: window.delivered,
    completed: window.completed,
    rate: (count * 1000) / windowMs,
    loop,
    latencies: window.latencies,
    series: window.series,
    generator,
    server: costsOf(load, server, count),
    extras: extrasOf(plan, load, server, count),
    notes: [...notesOf(plan, window, { generator, unsent }), ...leftNote(server, left)],
  };
}

function countOf(unit: RateUnit, window: WindowMeasures): number {
  switch (unit) {
    case "tasks/s":
      return window.completed;
    case "creates/s":
      return window.created;
    case "claims/s":
      return window.delivered;
  }
}

function generatorOf({ reports, skippedArrivals }: LoadOutcome): Generator {
  const lags = new Histogram();
  for (const { lag } of reports) if (lag !== undefined) lags.merge(lag);
  const lag = lags.total === 0 ? undefined : latencyOf(lags);
  const limited = skippedArrivals > 0 || (lag !== undefined && lag.p99Ms > LAG_MS_MAX);
  return { limited, cpuSeconds: reports.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0), lag, skippedArrivals };
}

function costsOf({ before, after }: LoadOutcome, { own }: BenchServer, count: number): ServerCosts | undefined {
  if (own === undefined) return undefined;
  const grown = (name: string): number | undefined => {
    const end = after.sum(name);
    return end === undefined ? undefined : end - (before.sum(name) ?? 0);
  };
  const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined || b === 0 ? undefined : a / b;
  const cpuSeconds = grown("process_cpu_seconds_total") ?? 0;
  const commits = grown("codeq_commit_operations_count");
  const commitSeconds = ratio(grown("codeq_commit_duration_seconds_sum"), grown("codeq_commit_duration_seconds_count"));
  const delayMs = (share: number): number | undefined => {
    const seconds = quantileBetween(before, after, "codeq_event_loop_delay_seconds", share);
    return seconds === undefined || !Number.isFinite(seconds) ? undefined : seconds * 1000;
  };
  return {
    cpuSeconds,
    cpuSecondsPerMillion: count === 0 ? 0 : (cpuSeconds * 1e6) / count,
    rssBytesPeak: peakRssBytes(own.pid) ?? 0,
    diskBytes: directoryBytes(own.dataPath),
    commits,
    operationsPerCommit: ratio(grown("codeq_commit_operations_sum"), commits),
    commitMsMean: commitSeconds === undefined ? undefined : commitSeconds * 1000,
    loopDelayMsP99: delayMs(0.99),
    loopDelayMsMax: delayMs(1),
  };
}

/** Our own server goes away with its tasks. */
function leftNote({ own, command }: BenchServer, left: number): Note[] {
  if (own !== undefined || left === 0) return [];
  return [{ kind: "warning", text: `${left} tasks of the command ${command} are left at the target` }];
}

interface Offered {
  readonly generator: Generator;
  readonly unsent: readonly Unsent[];
}

function notesOf(plan: PointPlan, window: WindowMeasures, { generator, unsent }: Offered): readonly Note[] {
  const notes: Note[] = [];
  const unsentTotal = unsent.reduce((sum, { count }) => sum + count, 0);
  // A few are always under way.
  if (unsentTotal > (plan.producers?.ratePerSecond ?? 0) * UNSENT_SECONDS_MAX) {
    const text = `overloaded: ${unsentTotal} creates that were due had not been sent when the window ended, for all slots were taken; their wait until then counts as latency, which would have grown further`;
    notes.push({ kind: "overloaded", text });
  }
  if (plan.workerCeiling && window.depthMin <= 0) {
    const text = `the queue ran empty: the rate is no worker ceiling; ${plan.prefill} tasks were not enough (--prefill)`;
    notes.push({ kind: "queue-ran-empty", text });
  }
  if (plan.depth !== undefined && window.depthMin < plan.depth * DEPTH_SHARE_MIN) {
    const text = `the queue did not stay as deep as that: ${Math.max(0, window.depthMin)} tasks waited at the least; with more --producers or a larger --producer-batch it does`;
    notes.push({ kind: "shallow", text });
  }
  if (generator.limited) {
    const { lag, skippedArrivals } = generator;
    const late = lag === undefined ? "" : `, p99 of its lag ${lag.p99Ms.toFixed(1)} ms`;
    const text = `generator-limited: the load was not offered as asked (${skippedArrivals} arrivals skipped${late})`;
    notes.push({ kind: "generator-limited", text });
  }
  return notes;
}

/** Tasks under way are missing from the depth for a moment. */
const DEPTH_SHARE_MIN = 0.8;
/** Creates due for longer than this had to wait for a slot, not for a tick of the clock. */
const UNSENT_SECONDS_MAX = 0.05;
/** A generator that is later than this one time in a hundred does not offer the load it was asked for. */
const LAG_MS_MAX = 25;
