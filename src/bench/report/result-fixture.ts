import { Histogram } from "../histogram.ts";
import {
  type BenchResult,
  type Latency,
  type LatencyName,
  type Measures,
  type Moment,
  type Point,
  RESULT_VERSION,
  type Run,
} from "../result.ts";

/** Test-only: a point and the rates of its runs, in tasks per second. */
export interface PointSketch {
  readonly concurrency: number;
  readonly rates: readonly number[];
  /** Instead of the latencies made up from the rate. */
  readonly p99Ms?: number;
  readonly change?: (measures: Measures) => Measures;
}

/** Test-only: a sweep whose rate rises, levels off and bends, five runs each, as a machine under test would give it. */
export const SWEEP: readonly PointSketch[] = [
  { concurrency: 1, rates: [9_800, 10_050, 10_000, 9_900, 10_100] },
  { concurrency: 4, rates: [38_000, 38_900, 38_400, 37_900, 38_600] },
  { concurrency: 16, rates: [91_000, 92_500, 90_400, 91_800, 92_000] },
  { concurrency: 32, rates: [104_000, 103_200, 105_100, 104_600, 103_900] },
  { concurrency: 64, rates: [108_300, 107_900, 109_000, 108_000, 107_200] },
  { concurrency: 128, rates: [107_100, 106_800, 108_800, 107_900, 107_000] },
  { concurrency: 256, rates: [105_900, 104_300, 106_000, 105_200, 105_700] },
  { concurrency: 512, rates: [101_700, 102_300, 101_200, 103_000, 101_900] },
];

/** Test-only: a valid result with these points; `change` replaces parts of it. */
export function benchResult(sketches: readonly PointSketch[], change: Partial<BenchResult> = {}): BenchResult {
  const points = sketches.map(pointOf);
  return {
    format: "codeq-bench",
    version: RESULT_VERSION,
    scenario: "saturation-worker",
    startedAt: "2026-01-02T03:04:05.000Z",
    endedAt: "2026-01-02T03:14:05.000Z",
    outcome: "complete",
    parameters: {
      shards: 4,
      batch: 32,
      producerBatch: 8,
      concurrency: sketches.map(({ concurrency }) => concurrency),
      producers: 32,
      durationMs: 6000,
      warmupMs: 2000,
      payloadBytes: 31,
      durability: "off",
      ratePerSecond: undefined,
      repeat: sketches[0]?.rates.length ?? 1,
      seed: 1,
      threads: 2,
      prefill: 20_000,
      serverFlags: undefined,
      target: undefined,
    },
    machine: {
      cpu: "Example CPU @ 3.00GHz",
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      kernel: "Linux 6.1.0",
      architecture: "x64",
      fileSystem: "ext4",
      fsyncMs: 1.25,
    },
    build: {
      version: "0.1.0",
      commit: "0123456789abcdef0123456789abcdef01234567",
      bun: "1.4.5",
      sqlite: "3.51.0",
      binarySha256: undefined,
      serverVersion: "0.1.0",
      serverCommit: "0123456789abcdef0123456789abcdef01234567",
    },
    points,
    plateau: plateauOf(points),
    verdict: "valid",
    ...change,
  };
}

/** Test-only: a valid result of three ways to do the same. */
export function sides(): BenchResult {
  const points = ["REST", "STREAM", "STREAM-BATCH (size=16)"].map((name, index): Point => {
    return { ...pointOf({ concurrency: 32, rates: [10_000 * (index + 1)] }), name };
  });
  return benchResult([], { points, plateau: undefined });
}

/** Test-only: a run without numbers, as one with a broken ledger is. */
export function runWithout(kind: Run["verdict"]["kind"], reason: string): Run {
  const checked = { ...sums(1000), resultsAcked: 999 };
  return {
    startedAt: "2026-01-02T03:04:05.000Z",
    seed: 1,
    verdict: { kind, reasons: [reason], checked },
    measures: undefined,
  };
}

function pointOf({ concurrency, rates, p99Ms, change }: PointSketch): Point {
  const runs = rates.map((rate, index): Run => {
    const measures = measuresOf(rate, p99Ms ?? (concurrency / rate) * 4000);
    return {
      startedAt: `2026-01-02T03:0${index % 10}:00.000Z`,
      seed: index + 1,
      verdict: { kind: "valid", reasons: [], checked: sums(rate * 6) },
      measures: change === undefined ? measures : change(measures),
    };
  });
  const sorted = rates.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted.at(index) ?? 0;
  const rate = { median: at(Math.floor(sorted.length / 2)), minimum: at(0), maximum: at(-1) };
  return { name: `c=${concurrency}`, concurrency, unit: "tasks/s", runs, rate };
}

function measuresOf(rate: number, p99Ms: number): Measures {
  const count = Math.round(rate * 6);
  const names: readonly LatencyName[] = ["createAck", "queueWait", "claim", "resultAck", "endToEnd"];
  return {
    windowMs: 6000,
    created: count,
    delivered: count,
    completed: count,
    rate,
    loop: "closed",
    latencies: Object.fromEntries(names.map((name, index) => [name, latency(p99Ms * (index + 1))])),
    series: [...Array.from({ length: 6 }, (_, index) => moment(index, rate, p99Ms)), SLIVER],
    generator: { limited: false, cpuSeconds: 4.2, lag: undefined, skippedArrivals: 0 },
    server: {
      cpuSeconds: 6.3,
      cpuSecondsPerMillion: 6.3e6 / count,
      rssBytesPeak: 210 * 2 ** 20,
      diskBytes: 85 * 2 ** 20,
      commits: 12_000,
      operationsPerCommit: count / 12_000,
      commitMsMean: 0.4,
      loopDelayMsP99: 3.5,
      loopDelayMsMax: 11,
    },
    extras: [],
    notes: [],
  };
}

/** Of values that rise evenly to a little over the 99th percentile, as many as there are marks for on a chart. */
function latency(p99Ms: number): Latency {
  const histogram = new Histogram();
  for (let value = 1; value <= 200; value += 1) histogram.record((p99Ms * 1000 * value) / 198);
  for (let doubling = 0; doubling < 10; doubling += 1) histogram.merge(histogram.data());
  const ms = (share: number): number => histogram.quantile(share) / 1000;
  const [p50Ms, p90Ms, p999Ms] = [ms(0.5), ms(0.9), ms(0.999)];
  const meanMs = histogram.mean / 1000;
  return {
    count: histogram.total,
    meanMs,
    p50Ms,
    p90Ms,
    p99Ms: ms(0.99),
    p999Ms,
    maxMs: histogram.max / 1000,
    histogram: histogram.data(),
  };
}

function moment(index: number, rate: number, p99Ms: number): Moment {
  const wobble = rate * (1 + 0.05 * Math.sin(index));
  return {
    atMs: (index + 1) * 1000,
    createdPerSecond: wobble,
    deliveredPerSecond: wobble,
    completedPerSecond: wobble,
    depth: 20_000 - index * 1000,
    p50Ms: p99Ms / 2,
    p99Ms,
  };
}

/** What is left of a window that took a little longer than whole seconds. */
const SLIVER: Moment = {
  atMs: 6001,
  createdPerSecond: 0,
  deliveredPerSecond: 0,
  completedPerSecond: 0,
  depth: 14_000,
  p50Ms: undefined,
  p99Ms: undefined,
};

function sums(tasks: number): Run["verdict"]["checked"] {
  const count = Math.round(tasks);
  return {
    creates: count,
    createsAcked: count,
    deliveries: count,
    resultsAcked: count,
    stillQueued: 0,
    unfinished: 0,
    readBack: 1000,
    replayed: 1000,
  };
}

function plateauOf(points: readonly Point[]): BenchResult["plateau"] {
  const rates = points.map((point) => point.rate?.median ?? 0);
  const best = Math.max(...rates);
  const flat = points.filter((point) => (point.rate?.median ?? 0) >= best * 0.9);
  const [first, last] = [flat[0], flat.at(-1)];
  if (points.length < 2 || first === undefined || last === undefined) return undefined;
  const sorted = flat.map((point) => point.rate?.median ?? 0).toSorted((a, b) => a - b);
  const rate = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return { fromConcurrency: first.concurrency, toConcurrency: last.concurrency, rate, unit: "tasks/s" };
}
