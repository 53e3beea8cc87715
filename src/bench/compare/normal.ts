/**
 * The probability that a standard normal variable exceeds `z`, for `z` from 0. Absolute error below 1e-7.
 * Source: Abramowitz and Stegun (1964), "Handbook of Mathematical Functions", 26.2.17.
 */
export function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const coefficients = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  return density * coefficients.reduceRight((sum, coefficient) => (sum + coefficient) * t, 0);
}

/** The `z` that a standard normal variable exceeds with probability `tail`, in (0, 0.5]; by bisection. */
export function normalQuantile(tail: number): number {
  let [low, high] = [0, 40];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
