import type { BenchResult, Point } from "../result.ts";
import { bytes, figure, milliseconds } from "./figures.ts";
import { LATENCY_LABELS, mainLatency, medianCost, rateSpread } from "./point-summary.ts";
import type { Column } from "./text-table.ts";

export interface PointTable {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** One row for each point: its rate and, of several runs, their spread, its main latency, what it cost the server. Invalid points have no numbers. */
export function pointTable({ points }: BenchResult): PointTable {
  const [unit, ...otherUnits] = new Set(points.map((point) => point.unit));
  const [latency, ...otherLatencies] = new Set(points.flatMap((point) => mainLatency(point)?.name ?? []));
  const rateTitle = unit === undefined || otherUnits.length > 0 ? "rate" : unit;
  const latencyTitle = latency === undefined || otherLatencies.length > 0 ? "" : `${LATENCY_LABELS[latency]} `;
  const right = (title: string): Column => ({ title, align: "right" });
  const repeated = points.some(({ runs }) => runs.length > 1);
  return {
    columns: [
      { title: "point", align: "left" },
      right(rateTitle),
      ...(repeated ? [right("lowest … highest")] : []),
      ...(otherLatencies.length > 0 ? [{ title: "latency of", align: "left" } as const] : []),
      ...["p50", "p90", "p99", "p99.9", "max"].map((percentile) => right(`${latencyTitle}${percentile}`)),
      right("CPU s/million"),
      right("peak RSS"),
      right("on disk"),
      right("changes/commit"),
      { title: "", align: "left" },
    ],
    rows: points.map((point) =>
      rowOf(point, { unit: otherUnits.length > 0, spread: repeated, latency: otherLatencies.length > 0 }),
    ),
  };
}

/** What is not the same for all points, or not there for any. */
interface Shown {
  readonly unit: boolean;
  readonly spread: boolean;
  readonly latency: boolean;
}

function rowOf(point: Point, shown: Shown): string[] {
  const { name, unit } = point;
  const rate = rateSpread(point);
  const main = mainLatency(point);
  const latency = main?.histogram;
  const percentiles = [0.5, 0.9, 0.99, 0.999, 1].map((share) =>
    latency === undefined ? NONE : milliseconds(latency.quantile(share) / 1000),
  );
  const cost = (value: number | undefined, show: (value: number) => string): string =>
    value === undefined ? NONE : show(value);
  return [
    name,
    rate === undefined ? NONE : `${whole(rate.median)}${shown.unit ? ` ${unit}` : ""}`,
    ...(shown.spread ? [rate === undefined ? NONE : `${whole(rate.minimum)} … ${whole(rate.maximum)}`] : []),
    ...(shown.latency ? [main === undefined ? NONE : LATENCY_LABELS[main.name]] : []),
    ...percentiles,
    cost(medianCost(point, "cpuSecondsPerMillion"), figure),
    cost(medianCost(point, "rssBytesPeak"), bytes),
    cost(medianCost(point, "diskBytes"), bytes),
    cost(medianCost(point, "operationsPerCommit"), figure),
    remarks(point),
  ];
}

const NONE = "–";

function whole(rate: number): string {
  return figure(Math.round(rate));
}

/** In short, what must be known beside the numbers; the notes say it in full. */
function remarks({ runs }: Point): string {
  const kinds = new Set<string>();
  for (const { verdict, measures } of runs) {
    if (verdict.kind !== "valid") kinds.add(verdict.kind === "interrupted" ? "interrupted" : "INVALID");
    for (const { kind } of measures?.notes ?? []) if (kind !== "warning") kinds.add(kind.replaceAll("-", " "));
  }
  return [...kinds].join(", ");
}
