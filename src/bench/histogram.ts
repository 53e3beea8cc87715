/**
 * Plain data of a histogram: whole values in a log-linear grid. `counts` holds pairs of slot and number, in ascending
 * order of slots and without empty ones; `slotOf` and `slotRange` say which values share a slot.
 */
export interface HistogramData {
  readonly counts: readonly (readonly [slot: number, count: number])[];
  readonly total: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Below this each value has a slot of its own; above, each power of two is cut into half as many slots. */
const EXACT_BELOW = 256;
const EXACT_BITS = 8;
const PER_OCTAVE = EXACT_BELOW / 2;
const VALUE_MAX = 2 ** 32 - 1;
/** How many slots there are. */
export const SLOTS = EXACT_BELOW + (32 - EXACT_BITS) * PER_OCTAVE;

/**
 * Counts whole values from 0 to 2^32 - 1 with an error below one percent (larger ones count as the largest), in fixed
 * memory. Histograms merge by adding their counts, so that percentiles of many threads are those of all their values.
 * The grid is that of Gil Tene's HdrHistogram with two significant digits.
 */
export class Histogram {
  readonly #counts: Uint32Array;
  #total = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  constructor() {
    this.#counts = new Uint32Array(SLOTS);
  }

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.merge(data);
    return histogram;
  }

  get total(): number {
    return this.#total;
  }

  /** Of all values, exactly; 0 when there is none. */
  get mean(): number {
    return this.#total === 0 ? 0 : this.#sum / this.#total;
  }

  get max(): number {
    return this.#max;
  }

  record(value: number): void {
    const whole = Math.min(Math.max(Math.round(value), 0), VALUE_MAX);
    const slot = slotOf(whole);
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#total += 1;
    this.#sum += whole;
    if (whole < this.#min) this.#min = whole;
    if (whole > this.#max) this.#max = whole;
  }

  merge(data: HistogramData): void {
    for (const [slot, count] of data.counts) this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
    this.#total += data.total;
    this.#sum += data.sum;
    if (data.total === 0) return;
    this.#min = Math.min(this.#min, data.min);
    this.#max = Math.max(this.#max, data.max);
  }

  /**
   * The value that a share of all values does not exceed, rounded up within its slot; 0 when there is none.
   * @param share from 0 to 1
   */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      seen += this.#counts[slot] ?? 0;
      if (seen >= wanted) return Math.min(slotRange(slot).to, this.#max);
    }
    return this.#max;
  }

  data(): HistogramData {
    const counts: [number, number][] = [];
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const count = this.#counts[slot] ?? 0;
      if (count > 0) counts.push([slot, count]);
    }
    const min = this.#total === 0 ? 0 : this.#min;
    return { counts, total: this.#total, sum: this.#sum, min, max: this.#max };
  }
}

/** @param value whole, from 0 to 2^32 - 1 */
export function slotOf(value: number): number {
  if (value < EXACT_BELOW) return value;
  const octave = 31 - Math.clz32(value) - (EXACT_BITS - 1);
  return EXACT_BELOW + (octave - 1) * PER_OCTAVE + ((value >>> octave) - PER_OCTAVE);
}

/** The lowest and highest value of a slot. */
export function slotRange(slot: number): { readonly from: number; readonly to: number } {
  if (slot < EXACT_BELOW) return { from: slot, to: slot };
  const octave = Math.floor((slot - EXACT_BELOW) / PER_OCTAVE) + 1;
  const from = (((slot - EXACT_BELOW) % PER_OCTAVE) + PER_OCTAVE) * 2 ** octave;
  return { from, to: from + 2 ** octave - 1 };
}
