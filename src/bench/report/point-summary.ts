import { Histogram } from "../histogram.ts";
import { median } from "../median.ts";
import type { BenchResult, LatencyName, Measures, Point, ServerCosts, Spread } from "../result.ts";

/** What is said of an operation over all valid runs of a point. */
export interface LatencySummary {
  readonly name: LatencyName;
  readonly histogram: Histogram;
}

/** In the order a task meets them. */
export const LATENCY_LABELS: Readonly<Record<LatencyName, string>> = {
  createAck: "create ack",
  service: "service",
  queueWait: "queue wait",
  lateness: "lateness",
  claim: "claim",
  resultAck: "result ack",
  endToEnd: "end to end",
};

/** Of the runs that count. A point with a run that cannot be relied on has none: what would its other runs prove? */
export function validMeasures({ runs }: Point): Measures[] {
  const sound = runs.every(({ verdict }) => verdict.kind === "valid" || verdict.kind === "interrupted");
  return sound ? runs.flatMap(({ measures }) => measures ?? []) : [];
}

/** Of the point's rate, over the runs that count. */
export function rateSpread(point: Point): Spread | undefined {
  return validMeasures(point).length === 0 ? undefined : point.rate;
}

/** Each operation that was measured, its histograms merged over the valid runs; values in microseconds. */
export function latencySummaries(point: Point): LatencySummary[] {
  const runs = validMeasures(point);
  // Object.keys forgets that these are names of latencies.
  return (Object.keys(LATENCY_LABELS) as LatencyName[]).flatMap((name) => {
    const histogram = new Histogram();
    for (const { latencies } of runs) {
      const latency = latencies[name];
      if (latency !== undefined) histogram.merge(latency.histogram);
    }
    return histogram.total === 0 ? [] : [{ name, histogram }];
  });
}

/**
 * The latency to show when there is room for one: end to end, or what comes nearest to it. Where nothing was created in
 * the window the tasks had waited since long before, which says nothing of the server.
 */
export function mainLatency(point: Point): LatencySummary | undefined {
  const summaries = latencySummaries(point);
  const created = validMeasures(point).some((measures) => measures.created > 0);
  for (const name of created ? (["endToEnd", "claim", "createAck"] as const) : (["claim", "resultAck"] as const)) {
    const found = summaries.find((summary) => summary.name === name);
    if (found !== undefined) return found;
  }
  return summaries[0];
}

/** Of the valid runs, the median of one of the server's costs. */
export function medianCost(point: Point, cost: keyof ServerCosts): number | undefined {
  const values = validMeasures(point).flatMap(({ server }) => server?.[cost] ?? []);
  return values.length === 0 ? undefined : median(values);
}

/** The valid run whose rate is the median one, to show how a run went. */
export function medianRun(point: Point): Measures | undefined {
  const runs = validMeasures(point).toSorted((a, b) => a.rate - b.rate);
  return runs[Math.floor((runs.length - 1) / 2)];
}

/** The points whose every latency a short report has room for: sides of a comparison, of a sweep the best. */
export function shownInFull(result: BenchResult): readonly Point[] {
  if (result.points.length <= SHOWN_MAX) return result.points;
  const best = mainPoint(result);
  return best === undefined ? [] : [best];
}

/** The point a result is best known by: that with the best rate. */
export function mainPoint({ points }: BenchResult): Point | undefined {
  const rated = points.filter((point) => rateSpread(point) !== undefined);
  return rated.toSorted((a, b) => (b.rate?.median ?? 0) - (a.rate?.median ?? 0))[0];
}

const SHOWN_MAX = 3;
