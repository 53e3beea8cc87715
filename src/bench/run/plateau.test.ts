import { describe, expect, test } from "bun:test";
import { benchResult, type PointSketch, SWEEP } from "../report/result-fixture.ts";
import type { Measures, Point } from "../result.ts";
import { plateauOf } from "./plateau.ts";

/** Rates by concurrency. */
function pointsOf(rates: Readonly<Record<number, number>>): readonly Point[] {
  return benchResult(
    Object.entries(rates).map(([slots, rate]): PointSketch => ({ concurrency: Number(slots), rates: [rate] })),
  ).points;
}

const empty = (measures: Measures): Measures => ({ ...measures, notes: [{ kind: "queue-ran-empty", text: "it did" }] });

describe("a plateau", () => {
  test("spans the points within a tenth of the best, and its rate is their median", () => {
    expect(plateauOf(pointsOf({ 1: 10, 4: 899, 16: 900, 32: 1000, 64: 940, 128: 800 }))).toEqual({
      fromConcurrency: 16,
      toConcurrency: 64,
      rate: 940,
      unit: "tasks/s",
    });
  });

  test("goes by concurrency, in whatever order it was swept", () => {
    const points = pointsOf({ 4: 950, 16: 1000, 32: 990 }).toReversed();
    expect(plateauOf(points)).toMatchObject({ fromConcurrency: 4, toConcurrency: 32 });
  });

  test("takes the median of each point's runs", () => {
    const points = benchResult([
      { concurrency: 1, rates: [100, 100, 100] },
      { concurrency: 2, rates: [50, 95, 900] },
    ]).points;
    expect(plateauOf(points)).toMatchObject({ fromConcurrency: 1, toConcurrency: 2, rate: 97.5 });
  });

  test("leaves out a step whose queue ran empty: its rate says nothing of the workers", () => {
    const points = benchResult([
      { concurrency: 1, rates: [500] },
      { concurrency: 4, rates: [520] },
      { concurrency: 16, rates: [2000], change: empty },
    ]).points;
    expect(plateauOf(points)).toEqual({ fromConcurrency: 1, toConcurrency: 4, rate: 510, unit: "tasks/s" });
  });
});

describe("there is no plateau", () => {
  const [first, second] = pointsOf({ 1: 100, 2: 100 });

  test.each([
    ["of one point", [first]],
    ["of none", []],
    ["with a point that has no rate", [first, second === undefined ? second : { ...second, rate: undefined }]],
    [
      "of sides",
      [first, second].map((point, index) => (point === undefined ? point : { ...point, name: `SIDE ${index}` })),
    ],
    ["of steps that all ran empty", benchResult(SWEEP.map((sketch) => ({ ...sketch, change: empty }))).points],
  ])("%s", (_, points) => {
    expect(plateauOf(points.filter((point) => point !== undefined))).toBeUndefined();
  });
});
