import type { Point } from "../result.ts";
import { figure, milliseconds } from "./figures.ts";
import { LATENCY_LABELS, latencySummaries } from "./point-summary.ts";
import type { Column } from "./text-table.ts";

export const LATENCY_COLUMNS: readonly Column[] = [
  { title: "point", align: "left" },
  { title: "operation", align: "left" },
  ...["count", "mean", "p50", "p90", "p99", "p99.9", "max"].map((title): Column => ({ title, align: "right" })),
];

/** One row for each operation that was measured at a point, over its valid runs. */
export function latencyRows(point: Point): string[][] {
  return latencySummaries(point).map(({ name, histogram }) => [
    point.name,
    LATENCY_LABELS[name],
    figure(histogram.total),
    milliseconds(histogram.mean / 1000),
    ...[0.5, 0.9, 0.99, 0.999, 1].map((share) => milliseconds(histogram.quantile(share) / 1000)),
  ]);
}
