import { median } from "../median.ts";
import type { Point } from "../result.ts";
import { figure, milliseconds } from "./figures.ts";
import { medianCost, validMeasures } from "./point-summary.ts";
import type { Fact } from "./result-facts.ts";

/** Where a point's time went on both sides, beyond what the table of points has; medians over its valid runs. */
export function costFacts(point: Point): Fact[] {
  const runs = validMeasures(point);
  if (runs.length === 0) return [];
  const cost = (name: string, value: number | undefined, show: (value: number) => string): Fact[] =>
    value === undefined ? [] : [[name, show(value)]];
  const busy = median(runs.map(({ generator, windowMs }) => (generator.cpuSeconds * 1000) / windowMs));
  const lags = runs.flatMap(({ generator }) => generator.lag?.p99Ms ?? []);
  const skipped = runs.reduce((sum, { generator }) => sum + generator.skippedArrivals, 0);
  return [
    ...cost("event-loop delay of the server, p99", medianCost(point, "loopDelayMsP99"), milliseconds),
    ...cost("one commit", medianCost(point, "commitMsMean"), milliseconds),
    ["processor time of the load threads, whole run, per second of the window", `${figure(busy * 100)} % of a core`],
    ...cost("schedule lag of the generator, p99", lags.length === 0 ? undefined : median(lags), milliseconds),
    ...(lags.length === 0 ? [] : [["arrivals skipped", figure(skipped)] as const]),
  ];
}
