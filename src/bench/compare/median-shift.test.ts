import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mannWhitney } from "./mann-whitney.ts";
import { medianShift } from "./median-shift.ts";

const distinct = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 8, maxLength: 16 });

describe("the shift", () => {
  test("agrees with the permeability example of Hollander and Wolfe", () => {
    const first = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const { estimate, low, high, confidence } = medianShift([1.15, 0.88, 0.9, 0.74, 1.21], first, 0.95);
    expect(estimate).toBeCloseTo(0.305, 10);
    expect([low, high]).toEqual([expect.closeTo(-0.15, 10), expect.closeTo(0.76, 10)]);
    expect(confidence).toBeCloseTo(0.96, 2);
  });

  test("of a sample moved as a whole is that move", () => {
    fc.assert(
      fc.property(distinct, fc.integer({ min: -500, max: 500 }), (values, move) => {
        const { estimate, low, high } = medianShift(
          values,
          values.map((value) => value + move),
          0.95,
        );
        expect(estimate).toBe(move);
        expect(low).toBeLessThanOrEqual(move);
        expect(high).toBeGreaterThanOrEqual(move);
      }),
    );
  });

  test("has an interval that leaves out no difference exactly when the rank test finds one", () => {
    fc.assert(
      fc.property(distinct, (values) => {
        const [first, second] = [values.slice(0, values.length / 2), values.slice(values.length / 2)];
        const { low, high } = medianShift(first, second, 0.95);
        const outside = low > 0 || high < 0;
        expect(outside).toBe(mannWhitney(first, second).p <= 0.05);
      }),
      { numRuns: 300 },
    );
  });

  test("between samples too small for the wanted confidence spans all differences and says what that is worth", () => {
    expect(medianShift([10, 20, 30], [11, 22, 33], 0.95)).toEqual({
      estimate: 2,
      low: -19,
      high: 23,
      confidence: 0.9,
    });
    expect(medianShift([10], [15], 0.95)).toEqual({ estimate: 5, low: 5, high: 5, confidence: 0 });
  });

  test("of many values has about the interval of fewer", () => {
    const values = (length: number, shift: number): number[] =>
      Array.from({ length }, (_, index) => (((index * 37) % length) * 100) / length + shift);
    const exact = medianShift(values(30, 0), values(30, 20), 0.95);
    const normal = medianShift(values(31, 0), values(31, 20), 0.95);
    expect(Math.abs(normal.low - exact.low)).toBeLessThan(2);
    expect(Math.abs(normal.high - exact.high)).toBeLessThan(2);
  });
});
