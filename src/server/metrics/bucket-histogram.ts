import type { Sample } from "./family.ts";

/** From 1 ms to an hour. */
export const LATENCY_BOUNDS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
];

/** Counts observations by upper bound. Observing allocates nothing. */
export class BucketHistogram {
  readonly #bounds: readonly number[];
  /** One more than bounds, for what is over the last one. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds ascending, inclusive */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.#bounds[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
  }

  samples(name: string, labels: Readonly<Record<string, string | number>>): Sample[] {
    let total = 0;
    const samples = Array.from(this.#counts, (count, index): Sample => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: this.#bounds[index] ?? "+Inf" }, value: total };
    });
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sum });
    samples.push({ metricName: `${name}_count`, labels, value: total });
    return samples;
  }
}
