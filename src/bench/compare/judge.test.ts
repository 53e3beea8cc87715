import { describe, expect, test } from "bun:test";
import { judge } from "./judge.ts";

const FIVE = [100, 101, 102, 103, 104];
const scaled = (values: readonly number[], factor: number): number[] => values.map((value) => value * factor);

describe("runs against the base's", () => {
  test.each([
    ["higher rates are better", 1.2, "higher", "better"],
    ["lower rates are worse", 0.8, "higher", "worse"],
    ["higher latencies are worse", 1.2, "lower", "worse"],
    ["lower latencies are better", 0.8, "lower", "better"],
    ["a shift within the spread is no difference", 1.004, "higher", "no-difference"],
    ["the same again is no difference", 1, "lower", "no-difference"],
  ] as const)("%s", (_, factor, better, conclusion) => {
    expect(judge(FIVE, scaled(FIVE, factor), better).conclusion).toBe(conclusion);
  });

  test.each([1, 2, 3])("%d of them on each side can tell nothing, however far apart", (runs) => {
    const few = FIVE.slice(0, runs);
    expect(judge(few, scaled(few, 10), "higher").conclusion).toBe("too-few-runs");
  });

  test("four of them on each side can", () => {
    const four = FIVE.slice(0, 4);
    expect(judge(four, scaled(four, 10), "higher").conclusion).toBe("better");
  });

  test("shift by a share of the base, with an interval around it", () => {
    const { baseMedian, nextMedian, baseRuns, nextRuns, shift } = judge(FIVE, scaled(FIVE, 0.5), "higher");
    expect({ baseMedian, nextMedian, baseRuns, nextRuns }).toEqual({
      baseMedian: 102,
      nextMedian: 51,
      baseRuns: 5,
      nextRuns: 5,
    });
    expect(shift?.estimate).toBeCloseTo(-0.5, 10);
    expect(shift?.low).toBeLessThan(-0.5);
    expect(shift?.high).toBeGreaterThan(-0.5);
    expect(shift?.confidence).toBeGreaterThanOrEqual(0.95);
  });

  test("of a base of zero have no share to shift by", () => {
    expect(judge([0, 0, 0, 0], [1, 2, 3, 4], "lower")).toMatchObject({ shift: undefined, conclusion: "worse" });
  });
});
