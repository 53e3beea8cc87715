/**
 * How often each rank sum occurs when `size` of the given ranks are drawn, over all ways to draw them: the null
 * distribution of a rank test given the ties seen. Ranks and sums are doubled so that the mean rank of a tie is whole.
 * The shift algorithm of Streitberg and Röhmel (1986), "Exact distributions for permutation and rank tests".
 * @param doubledRanks whole numbers from 2
 * @returns the number of draws, indexed by doubled sum
 */
export function rankSumCounts(doubledRanks: readonly number[], size: number): Float64Array {
  const total = doubledRanks.reduce((sum, rank) => sum + rank, 0);
  const counts = Array.from({ length: size + 1 }, () => new Float64Array(total + 1));
  at(counts, 0)[0] = 1;
  for (const rank of doubledRanks) {
    // From the largest draw down, so that each rank is drawn at most once.
    for (let drawn = size; drawn >= 1; drawn -= 1) addShifted(at(counts, drawn), at(counts, drawn - 1), rank);
  }
  return at(counts, size);
}

/**
 * Doubled ranks of the values in their own order, ties sharing the mean of their places, and the sizes of the ties.
 */
export function doubledRanks(values: readonly number[]): { readonly ranks: number[]; readonly ties: number[] } {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks: number[] = Array.from({ length: values.length }, () => 0);
  const ties: number[] = [];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && order[end]?.value === order[start]?.value) end += 1;
    // Places start + 1 to end: their mean, doubled.
    for (const { index } of order.slice(start, end)) ranks[index] = start + 1 + end;
    ties.push(end - start);
    start = end;
  }
  return { ranks, ties };
}

function addShifted(into: Float64Array, from: Float64Array, shift: number): void {
  for (let sum = into.length - 1; sum >= shift; sum -= 1) into[sum] = (into[sum] ?? 0) + (from[sum - shift] ?? 0);
}

function at(counts: readonly Float64Array[], index: number): Float64Array {
  const row = counts[index];
  if (row === undefined) throw new RangeError(`no row ${index} of ${counts.length}`);
  return row;
}
