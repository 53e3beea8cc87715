import type { BenchResult, RateUnit } from "../result.ts";
import { type Mismatch, mismatches } from "./comparable.ts";
import { COMPARED_MEASURES, type ComparedMeasure, samplesOf } from "./compared-measures.ts";
import { headlines } from "./headlines.ts";
import { type Judgement, judge } from "./judge.ts";

/** What differs between two results, and what only seems to. Plain data but for the measures' own functions. */
export interface Comparison {
  readonly base: BenchResult;
  readonly next: BenchResult;
  /** What makes the rest worth little. */
  readonly mismatches: readonly Mismatch[];
  /** The rates the results are known by; they alone decide whether the new one is slower. */
  readonly headlines: readonly (Judgement & { readonly name: string; readonly unit: RateUnit })[];
  readonly rows: readonly ComparisonRow[];
  /** Names of points that only one of them has, or that have no valid run in one of them. */
  readonly unmatched: readonly string[];
}

/** One measure at one point. */
export interface ComparisonRow extends Judgement {
  readonly point: string;
  readonly rateUnit: RateUnit;
  readonly measure: ComparedMeasure;
}

/** Holds what was measured later against the base, point by point and run by run. */
export function compareResults(base: BenchResult, next: BenchResult): Comparison {
  const rows: ComparisonRow[] = [];
  const unmatched = next.points.map(({ name }) => name).filter((name) => !base.points.some((p) => p.name === name));
  for (const point of base.points) {
    const other = next.points.find(({ name }) => name === point.name);
    const found = other === undefined || other.unit !== point.unit ? [] : rowsOf(point, other);
    if (found.length === 0) unmatched.push(point.name);
    rows.push(...found);
  }
  return { base, next, mismatches: mismatches(base, next), headlines: compareHeadlines(base, next), rows, unmatched };
}

function rowsOf(base: BenchResult["points"][number], next: BenchResult["points"][number]): ComparisonRow[] {
  return COMPARED_MEASURES.flatMap((measure) => {
    const [before, after] = [samplesOf(base, measure), samplesOf(next, measure)];
    if (before.length === 0 || after.length === 0) return [];
    return [{ point: base.name, rateUnit: base.unit, measure, ...judge(before, after, measure.better) }];
  });
}

function compareHeadlines(base: BenchResult, next: BenchResult): Comparison["headlines"] {
  const after = headlines(next, base.plateau);
  return headlines(base).flatMap(({ name, unit, rates }) => {
    const other = after.find((headline) => headline.name === name && headline.unit === unit);
    if (rates.length === 0 || other === undefined || other.rates.length === 0) return [];
    return [{ name, unit, ...judge(rates, other.rates, "higher") }];
  });
}
