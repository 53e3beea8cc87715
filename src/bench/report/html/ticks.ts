/**
 * Round values that divide a range into about `count` steps: multiples of 1, 2 or 5 times a power of ten, the first not
 * above `low` and the last not below `high`.
 */
export function linearTicks(low: number, high: number, count: number): number[] {
  // Values that differ by no more than dust are one.
  if (high - low <= Math.abs(high) * 1e-9) return [low, low + 1];
  const step = roundStep((high - low) / count);
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
  return Array.from({ length: last - first + 1 }, (_, index) => rounded((first + index) * step));
}

/** As many marks as are still easy to tell apart on a logarithmic scale. */
const LOG_TICKS_MAX = 7;

/**
 * Round values for a logarithmic scale from `low` to `high`, both over 0: 1, 2 and 5 times powers of ten while those
 * are few, else powers of ten; the first not above `low` and the last not below `high`.
 */
export function logTicks(low: number, high: number): number[] {
  const fine = logGrid(low, high, [1, 2, 5]);
  return fine.length <= LOG_TICKS_MAX ? fine : logGrid(low, high, [1]);
}

function logGrid(low: number, high: number, factors: readonly number[]): number[] {
  const [from, to] = [Math.floor(Math.log10(low)) - 1, Math.ceil(Math.log10(high)) + 1];
  const powers = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  const grid = powers.flatMap((power) => factors.map((factor) => rounded(factor * power)));
  const first = grid.findLastIndex((value) => value <= low);
  const last = grid.findIndex((value) => value >= high);
  return grid.slice(first, Math.max(last, first + 1) + 1);
}

function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Without the dust of binary fractions. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
