import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mannWhitney } from "./mann-whitney.ts";

/** Two samples without ties, of sizes m and n, whose U is `u`: the first's values are moved up one pair at a time. */
function samplesWith(u: number, m: number, n: number): [number[], number[]] {
  const second = Array.from({ length: n }, (_, index) => index + 1);
  const first: number[] = [];
  let left = u;
  for (let index = m; index > 0; index -= 1) {
    const above = Math.min(left, n);
    left -= above;
    first.push(above + index / 100);
  }
  return [first, second.map((value) => value - 0.5)];
}

/** Counts every way to deal the values out, one by one. */
function enumeratedP(first: readonly number[], second: readonly number[]): number {
  const values = [...first, ...second];
  const distanceOf = (chosen: readonly number[], rest: readonly number[]): number => {
    const pairs = chosen.flatMap((a) => rest.map((b) => Math.sign(a - b)));
    return Math.abs(pairs.reduce((sum, sign) => sum + sign, 0));
  };
  const seen = distanceOf(first, second);
  let [extreme, all] = [0, 0];
  for (let bits = 0; bits < 2 ** values.length; bits += 1) {
    const chosen = values.filter((_, index) => (bits & (1 << index)) !== 0);
    if (chosen.length !== first.length) continue;
    all += 1;
    const rest = values.filter((_, index) => (bits & (1 << index)) === 0);
    if (distanceOf(chosen, rest) >= seen) extreme += 1;
  }
  return extreme / all;
}

const sample = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });

describe("the rank test", () => {
  // The largest U that is significant at 5 %, two-sided, in the published tables of critical values.
  test.each([
    [4, 4, 0],
    [5, 5, 2],
    [6, 6, 5],
    [5, 8, 6],
    [8, 8, 13],
    [10, 5, 8],
    [10, 10, 23],
    [12, 15, 49],
    [20, 20, 127],
  ])("of samples of %d and %d first finds a difference at U = %d", (m, n, critical) => {
    const [significant, not] = [samplesWith(critical, m, n), samplesWith(critical + 1, m, n)];
    expect(mannWhitney(...significant).u).toBe(critical);
    expect(mannWhitney(...significant).p).toBeLessThanOrEqual(0.05);
    expect(mannWhitney(...not).p).toBeGreaterThan(0.05);
  });

  test("agrees with the permeability example of Hollander and Wolfe", () => {
    const first = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const { u, p, method } = mannWhitney(first, [1.15, 0.88, 0.9, 0.74, 1.21]);
    expect({ u, method }).toEqual({ u: 35, method: "exact" });
    expect(p).toBeCloseTo(2 * 0.1272, 4);
  });

  test("with ties gives what counting every deal gives, whichever sample comes first", () => {
    fc.assert(
      fc.property(sample, sample, (first, second) => {
        expect(mannWhitney(first, second).p).toBeCloseTo(enumeratedP(first, second), 12);
        expect(mannWhitney(second, first).p).toBeCloseTo(mannWhitney(first, second).p, 12);
        expect(mannWhitney(second, first).u).toBe(first.length * second.length - mannWhitney(first, second).u);
      }),
      { numRuns: 100 },
    );
  });

  test("looks at the order of the values alone, not at their size", () => {
    const twice = (values: readonly number[]): number[] => values.map((value) => Math.exp(value));
    fc.assert(
      fc.property(sample, sample, (first, second) => {
        expect(mannWhitney(twice(first), twice(second))).toEqual(mannWhitney(first, second));
      }),
    );
  });

  test("finds nothing between equal values", () => {
    expect(mannWhitney([7, 7, 7], [7, 7, 7]).p).toBe(1);
    const many = Array.from({ length: 40 }, () => 7);
    expect(mannWhitney(many, many)).toMatchObject({ p: 1, method: "normal" });
  });

  test("says how much samples of this size can tell at best", () => {
    expect(mannWhitney([1, 2, 3], [4, 5, 6])).toMatchObject({ u: 0, p: 0.1, pMin: 0.1 });
    expect(mannWhitney([1], [2])).toMatchObject({ p: 1, pMin: 1 });
    expect(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).pMin).toBeCloseTo(0.007937, 6);
  });

  test("of many values goes over to the normal approximation without a jump", () => {
    const shifted = (length: number, shift: number): number[] =>
      Array.from({ length }, (_, index) => ((index * 37) % length) + shift);
    const exact = mannWhitney(shifted(30, 0), shifted(30, 5.5));
    const normal = mannWhitney(shifted(31, 0), shifted(31, 5.5));
    expect([exact.method, normal.method]).toEqual(["exact", "normal"]);
    expect(normal.p).toBeCloseTo(exact.p, 1);
    expect(Math.abs(normal.p - exact.p)).toBeLessThan(0.02);
  });

  test("of many values takes account of continuity and looks at both sides", () => {
    // U = 600 of 40 and 40: z = (200 - 0.5) / sqrt(40 * 40 * 81 / 12) = 1.91969.
    const { u, p } = mannWhitney(...samplesWith(600, 40, 40));
    expect(u).toBe(600);
    expect(p).toBeCloseTo(0.054897, 5);
  });

  test("refuses an empty sample and values that are no numbers", () => {
    expect(() => mannWhitney([], [1])).toThrow("a sample needs at least one value");
    expect(() => mannWhitney([1], [Number.NaN])).toThrow("a sample holds finite numbers, not NaN");
  });
});
