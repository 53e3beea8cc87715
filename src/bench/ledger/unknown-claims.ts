import type { EmptyClaim } from "./operation.ts";

/**
 * Claims whose answers were lost: each may have taken any task for itself without anybody knowing, and may have put it
 * back. What could be seen while one ran proves nothing.
 */
export class UnknownClaims {
  /** In the order of their ends, with the earliest beginning among those that end no earlier. */
  readonly #ends: { readonly doneMs: number; readonly earliestInvokeMs: number }[] = [];

  constructor(claims: Iterable<EmptyClaim>) {
    const unknown = [...claims].filter(({ outcome }) => outcome === "unknown").sort((a, b) => b.doneMs - a.doneMs);
    let earliestInvokeMs = Number.POSITIVE_INFINITY;
    for (const { invokeMs, doneMs } of unknown) {
      earliestInvokeMs = Math.min(earliestInvokeMs, invokeMs);
      this.#ends.push({ doneMs, earliestInvokeMs });
    }
    this.#ends.reverse();
  }

  /** When the first one began that still ran at `fromMs` or began later; Infinity when there is none. */
  firstAfter(fromMs: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle]?.doneMs ?? Number.POSITIVE_INFINITY) < fromMs) low = middle + 1;
      else high = middle;
    }
    return this.#ends[low]?.earliestInvokeMs ?? Number.POSITIVE_INFINITY;
  }
}
