import { median } from "../median.ts";
import type { BenchResult, Point, RateUnit } from "../result.ts";

/** The rate a result is known by, once for each run. */
export interface Headline {
  /** `plateau c=32…256`, or the name of the point. */
  readonly name: string;
  readonly unit: RateUnit;
  readonly rates: readonly number[];
}

/**
 * The plateau of a sweep, else every point by itself.
 * @param concurrencies where the plateau of the base lies: both results are measured at the same points then
 */
export function headlines(
  result: BenchResult,
  plateau: { readonly fromConcurrency: number; readonly toConcurrency: number } | undefined = result.plateau,
): Headline[] {
  const rates = result.points.map((point) => ({ ...point, rates: ratesOf(point) }));
  if (plateau === undefined) return rates.map(({ name, unit, rates }) => ({ name, unit, rates }));
  const { fromConcurrency, toConcurrency } = plateau;
  const flat = rates.filter(({ concurrency: c }) => c >= fromConcurrency && c <= toConcurrency);
  const [first] = flat;
  if (first === undefined) return [];
  // A run of each point makes one run of the plateau; points with fewer valid runs than others shorten it.
  const runs = Math.min(...flat.map((point) => point.rates.length));
  const range = fromConcurrency === toConcurrency ? `${fromConcurrency}` : `${fromConcurrency}…${toConcurrency}`;
  return [
    {
      name: `plateau c=${range}`,
      unit: first.unit,
      rates: Array.from({ length: runs }, (_, run) => median(flat.map((point) => point.rates[run] ?? 0))),
    },
  ];
}

function ratesOf({ runs }: Point): number[] {
  return runs.flatMap(({ measures }) => (measures === undefined ? [] : [measures.rate]));
}
