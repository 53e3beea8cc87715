import { describe, expect, test } from "bun:test";
import { benchResult, SWEEP } from "./result-fixture.ts";
import { terminalCurve } from "./terminal-curve.ts";

const plateau = { fromConcurrency: 32, toConcurrency: 512, rate: 105_000, unit: "tasks/s" } as const;

describe("the curve in the terminal", () => {
  test("has a bar for each point, as long as its share of the best, and marks the plateau", () => {
    const lines = terminalCurve(benchResult(SWEEP, { plateau }));
    expect(lines).toHaveLength(SWEEP.length);
    expect(lines[0]).toMatch(/^c=1 +10,000 {2}█{4}\S?$/);
    expect(lines[4]).toMatch(/^c=64 +108,000 {2}█{48} ┃ plateau$/);
    expect(lines.map((line) => line.endsWith("┃ plateau"))).toEqual([...Array(3).fill(false), ...Array(5).fill(true)]);
  });

  test("leaves out the bar of a point without a rate", () => {
    const { points } = benchResult(SWEEP);
    const [first, ...rest] = points;
    if (first === undefined) throw new Error("a sweep has points");
    const broken = { ...first, runs: [], rate: undefined };
    expect(terminalCurve(benchResult(SWEEP, { points: [broken, ...rest] }))[0]).toMatch(/^c=1 +– {2}$/);
  });

  test("is not drawn for one point, nor for points of different units", () => {
    const [first, second] = benchResult(SWEEP).points;
    if (first === undefined || second === undefined) throw new Error("a sweep has points");
    expect(terminalCurve(benchResult(SWEEP, { points: [first] }))).toEqual([]);
    expect(terminalCurve(benchResult(SWEEP, { points: [first, { ...second, unit: "creates/s" }] }))).toEqual([]);
  });
});
