import { normalTail } from "./normal.ts";
import { doubledRanks, rankSumCounts } from "./rank-sums.ts";

export interface MannWhitney {
  /** Of how many pairs the first sample's value is the greater one, ties counting half. */
  readonly u: number;
  /** Two-sided: how probable a difference at least this large is if both samples come from the same source. */
  readonly p: number;
  /** The smallest `p` that samples of these sizes can have without ties. */
  readonly pMin: number;
  readonly method: "exact" | "normal";
}

/** Together; beyond it the normal approximation is good and the exact way slow. */
const EXACT_VALUES_MAX = 60;

/**
 * The rank test of Mann and Whitney (1947), "On a test of whether one of two random variables is stochastically larger
 * than the other". Up to 60 values together the distribution is counted out, given the ties seen; beyond, the normal
 * approximation with corrections for ties and continuity (Lehmann 1975, "Nonparametrics", 1.5).
 * @throws RangeError when a sample is empty or holds something that is not a finite number
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): MannWhitney {
  requireSample(first);
  requireSample(second);
  const [m, n] = [first.length, second.length];
  const { ranks, ties } = doubledRanks([...first, ...second]);
  const doubledSum = ranks.slice(0, m).reduce((sum, rank) => sum + rank, 0);
  const u = (doubledSum - m * (m + 1)) / 2;
  const pMin = Math.min(1, 2 / drawsCount(m, n));
  if (m + n <= EXACT_VALUES_MAX) return { u, p: exactP(ranks, m, doubledSum), pMin, method: "exact" };
  return { u, p: normalP(u, m, n, ties), pMin, method: "normal" };
}

/** The share of draws whose rank sum is at least as far from the mean as the one seen. */
function exactP(ranks: readonly number[], m: number, seen: number): number {
  const counts = rankSumCounts(ranks, m);
  // Doubled ranks of N values add up to N (N + 1), so that m of them have this mean: everything stays whole.
  const mean = m * (ranks.length + 1);
  const distance = Math.abs(seen - mean);
  let extreme = 0;
  let all = 0;
  for (const [sum, count] of counts.entries()) {
    all += count;
    if (Math.abs(sum - mean) >= distance) extreme += count;
  }
  return extreme / all;
}

function normalP(u: number, m: number, n: number, ties: readonly number[]): number {
  const size = m + n;
  const tied = ties.reduce((sum, tie) => sum + (tie ** 3 - tie), 0);
  const variance = ((m * n) / 12) * (size + 1 - tied / (size * (size - 1)));
  if (variance === 0) return 1;
  const distance = Math.max(0, Math.abs(u - (m * n) / 2) - 0.5);
  return Math.min(1, 2 * normalTail(distance / Math.sqrt(variance)));
}

/** In how many ways `m` of `m + n` can be drawn. */
export function drawsCount(m: number, n: number): number {
  let count = 1;
  for (let k = 1; k <= m; k += 1) count = (count * (n + k)) / k;
  return count;
}

function requireSample(values: readonly number[]): void {
  if (values.length === 0) throw new RangeError("a sample needs at least one value");
  const odd = values.find((value) => !Number.isFinite(value));
  if (odd !== undefined) throw new RangeError(`a sample holds finite numbers, not ${odd}`);
}
