import { median } from "../median.ts";
import { mannWhitney } from "./mann-whitney.ts";
import { medianShift } from "./median-shift.ts";

/** `too-few-runs`: no difference, however large, could be told from chance with samples of these sizes. */
export type Conclusion = "better" | "worse" | "no-difference" | "too-few-runs";

export interface Judgement {
  readonly baseMedian: number;
  readonly nextMedian: number;
  readonly baseRuns: number;
  readonly nextRuns: number;
  /** As shares of the base's median; undefined when that is 0. */
  readonly shift: Interval | undefined;
  readonly p: number;
  readonly conclusion: Conclusion;
}

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** How often such an interval holds the true shift. */
  readonly confidence: number;
}

/** How often a difference is found where there is none. */
export const SIGNIFICANCE = 0.05;

/**
 * Whether the new runs are better or worse than the base's, as far as that can be told from chance.
 * @param base and `next`: not empty
 */
export function judge(base: readonly number[], next: readonly number[], better: "higher" | "lower"): Judgement {
  const { p, pMin } = mannWhitney(base, next);
  const { estimate, low, high, confidence } = medianShift(base, next, 1 - SIGNIFICANCE);
  const [baseMedian, nextMedian] = [median(base), median(next)];
  const share = (difference: number): number => difference / baseMedian;
  return {
    baseMedian,
    nextMedian,
    baseRuns: base.length,
    nextRuns: next.length,
    shift: baseMedian > 0 ? { estimate: share(estimate), low: share(low), high: share(high), confidence } : undefined,
    p,
    conclusion: concluded(p, pMin, estimate, better),
  };
}

function concluded(p: number, pMin: number, estimate: number, better: "higher" | "lower"): Conclusion {
  if (pMin > SIGNIFICANCE) return "too-few-runs";
  if (p > SIGNIFICANCE || estimate === 0) return "no-difference";
  return estimate > 0 === (better === "higher") ? "better" : "worse";
}
