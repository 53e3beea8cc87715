import { median } from "../median.ts";
import { drawsCount } from "./mann-whitney.ts";
import { normalQuantile } from "./normal.ts";
import { rankSumCounts } from "./rank-sums.ts";

export interface MedianShift {
  /** By how much the second sample's values typically exceed the first's, in their unit. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** How often such an interval holds the true shift: at least what was asked for, or the most these samples allow. */
  readonly confidence: number;
}

/** As for the rank test: from here on the normal approximation serves. */
const EXACT_VALUES_MAX = 60;

/**
 * The shift between two samples with its distribution-free confidence interval: the median of all pairwise differences
 * (Hodges and Lehmann 1963, "Estimates of location based on rank tests") and the interval between two of the ordered
 * differences that belongs to the Mann-Whitney test (Hollander and Wolfe 1973, "Nonparametric Statistical Methods", 4.3).
 * @param confidence wanted, in (0, 1)
 */
export function medianShift(first: readonly number[], second: readonly number[], confidence: number): MedianShift {
  const differences = second.flatMap((b) => first.map((a) => b - a)).sort((x, y) => x - y);
  if (differences.length === 0) throw new RangeError("a sample needs at least one value");
  const { skipped, reached } = tail(first.length, second.length, confidence);
  return {
    estimate: median(differences),
    low: differences[skipped] ?? Number.NaN,
    high: differences[differences.length - 1 - skipped] ?? Number.NaN,
    confidence: reached,
  };
}

/** How many of the ordered differences lie outside at each end, and the confidence of what is left. */
function tail(m: number, n: number, confidence: number): { readonly skipped: number; readonly reached: number } {
  const alpha = 1 - confidence;
  if (m + n > EXACT_VALUES_MAX) {
    const spread = Math.sqrt((m * n * (m + n + 1)) / 12);
    const skipped = Math.floor((m * n) / 2 - normalQuantile(alpha / 2) * spread);
    return { skipped: Math.max(0, skipped), reached: confidence };
  }
  const ranks = Array.from({ length: m + n }, (_, index) => 2 * (index + 1));
  const counts = rankSumCounts(ranks, m);
  const all = drawsCount(m, n);
  const doubledSumMin = m * (m + 1);
  // P(U <= skipped), the probability that one end of the interval misses.
  let missed = (counts[doubledSumMin] ?? 0) / all;
  let skipped = 0;
  for (;;) {
    const next = missed + (counts[doubledSumMin + 2 * (skipped + 1)] ?? 0) / all;
    if (next > alpha / 2 || 2 * (skipped + 1) >= m * n) return { skipped, reached: Math.max(0, 1 - 2 * missed) };
    missed = next;
    skipped += 1;
  }
}
