import type { Latency, LatencyName, Measures, Point } from "../result.ts";

/** Something of a run that can be better or worse. */
export interface ComparedMeasure {
  /** As `--fail-on` calls it. */
  readonly name: string;
  readonly better: "higher" | "lower";
  /** How to show a value. */
  readonly unit: "perSecond" | "ms" | "bytes" | "seconds";
  /** Whether a table shows it when it differs; the others stand in for the finer print. */
  readonly prominent: boolean;
  readonly of: (measures: Measures) => number | undefined;
}

const LATENCIES: Readonly<Record<LatencyName, string>> = {
  createAck: "create-ack",
  queueWait: "queue-wait",
  claim: "claim",
  resultAck: "result-ack",
  endToEnd: "end-to-end",
  service: "service",
  lateness: "lateness",
};

const PERCENTILES: readonly { readonly name: string; readonly of: (latency: Latency) => number }[] = [
  { name: "p50", of: ({ p50Ms }) => p50Ms },
  { name: "p90", of: ({ p90Ms }) => p90Ms },
  { name: "p99", of: ({ p99Ms }) => p99Ms },
  { name: "p999", of: ({ p999Ms }) => p999Ms },
];

/** In the order to show them: the rate first. */
export const COMPARED_MEASURES: readonly ComparedMeasure[] = [
  { name: "rate", better: "higher", unit: "perSecond", prominent: true, of: ({ rate }) => rate },
  // Object.entries forgets that the keys are names of latencies.
  ...(Object.entries(LATENCIES) as [LatencyName, string][]).flatMap(([latency, name]) =>
    PERCENTILES.map(
      (percentile): ComparedMeasure => ({
        name: `${name}-${percentile.name}`,
        better: "lower",
        unit: "ms",
        prominent: percentile.name === "p50" || percentile.name === "p99",
        of: ({ latencies }) => {
          const found = latencies[latency];
          return found === undefined || found.count === 0 ? undefined : percentile.of(found);
        },
      }),
    ),
  ),
  { name: "cpu", better: "lower", unit: "seconds", prominent: true, of: ({ server }) => server?.cpuSecondsPerMillion },
  { name: "rss", better: "lower", unit: "bytes", prominent: true, of: ({ server }) => server?.rssBytesPeak },
  { name: "disk", better: "lower", unit: "bytes", prominent: true, of: ({ server }) => server?.diskBytes },
  { name: "loop-delay-p99", better: "lower", unit: "ms", prominent: true, of: ({ server }) => server?.loopDelayMsP99 },
  // What single scenarios measure: bytes a task, pauses for garbage collection, and how long a start takes.
  extra("allocated", "allocated", "bytes"),
  extra("gc-pause", "gc_pause_ms", "ms"),
  extra("start", "start", "ms"),
];

/** @param called as the scenario names it */
function extra(name: string, called: string, unit: ComparedMeasure["unit"]): ComparedMeasure {
  const of = ({ extras }: Measures): number | undefined => extras.find((each) => each.name === called)?.value;
  return { name, better: "lower", unit, prominent: true, of };
}

/** The values of the valid runs; empty when any of them has none. */
export function samplesOf(point: Point, measure: ComparedMeasure): number[] {
  const values = point.runs.flatMap(({ measures }) => (measures === undefined ? [] : [measure.of(measures)]));
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? known : [];
}
