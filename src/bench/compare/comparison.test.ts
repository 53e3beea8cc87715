import { describe, expect, test } from "bun:test";
import { benchResult, type PointSketch, SWEEP } from "../report/result-fixture.ts";
import type { BenchResult, Measures } from "../result.ts";
import { mismatches } from "./comparable.ts";
import { compareOutcome } from "./compare-outcome.ts";
import { type Comparison, compareResults } from "./comparison.ts";

const sweep = benchResult(SWEEP);

function measured({ rows }: Comparison, name: string): number {
  return rows.filter(({ measure }) => measure.name === name).length;
}

/** The sweep, with the measures of one run of its first point changed. */
function withOneRun(change: (measures: Measures) => Measures): BenchResult {
  let changed = false;
  const once = (measures: Measures): Measures => {
    if (changed) return measures;
    changed = true;
    return change(measures);
  };
  return benchResult(SWEEP.map((point, index): PointSketch => (index === 0 ? { ...point, change: once } : point)));
}

describe("two results", () => {
  test("are compared at the same points, wherever the plateau of the new one lies", () => {
    const bent = SWEEP.map((point): PointSketch => {
      return point.concurrency < 256 ? point : { ...point, rates: point.rates.map((rate) => rate * 0.5) };
    });
    const next = benchResult(bent);
    expect(next.plateau?.toConcurrency).toBe(128);
    expect(compareResults(sweep, next).headlines).toMatchObject([{ name: "plateau c=32…512" }]);
  });

  test("are not compared where a point of the same name counts something else", () => {
    const points = sweep.points.map((point, index) => (index === 0 ? { ...point, unit: "claims/s" as const } : point));
    const { rows, unmatched } = compareResults(sweep, { ...sweep, points });
    expect(rows.some(({ point }) => point === "c=1")).toBe(false);
    expect(unmatched).toEqual(["c=1"]);
  });

  test.each([
    ["a cost that one of the runs does not know", (measures: Measures) => ({ ...measures, server: undefined }), "cpu"],
    [
      "a latency that one of the runs does not know",
      (measures: Measures) => ({ ...measures, latencies: {} }),
      "claim-p99",
    ],
    [
      "a latency that never happened in one of the runs",
      (measures: Measures): Measures => {
        const { claim } = measures.latencies;
        return claim === undefined
          ? measures
          : { ...measures, latencies: { ...measures.latencies, claim: { ...claim, count: 0 } } };
      },
      "claim-p99",
    ],
  ])("are not compared by %s", (_, change, name) => {
    expect(measured(compareResults(sweep, sweep), name)).toBe(8);
    // Of the first run that knows it nothing is left, or one run fewer: no fair sample either way.
    const { rows } = compareResults(sweep, withOneRun(change));
    const first = rows.find(({ point, measure }) => point === "c=1" && measure.name === name);
    expect(first?.nextRuns ?? 0).toBe(0);
  });

  test("are compared by what only their scenario measures, too", () => {
    const collecting = (value: number): BenchResult => {
      const change = (measures: Measures): Measures => {
        return { ...measures, extras: [{ name: "allocated", value: value + measures.rate / 1000, unit: "B/task" }] };
      };
      return benchResult([{ concurrency: 4, rates: [1000, 1010, 1020, 1030, 1040], change }]);
    };
    const { rows } = compareResults(collecting(2000), collecting(3000));
    expect(rows.find(({ measure }) => measure.name === "allocated")).toMatchObject({
      conclusion: "worse",
      nextRuns: 5,
    });
  });

  test("differ in rate by more than 5 % and still within chance, which is no regression", () => {
    const one = (rates: readonly number[]): BenchResult =>
      benchResult([{ concurrency: 4, rates }], { plateau: undefined });
    const comparison = compareResults(one([1000, 1010, 1020, 1030, 1040]), one([700, 1300, 650, 1250, 900]));
    expect(comparison.headlines[0]?.shift?.estimate).toBeLessThan(-0.05);
    expect(comparison.headlines[0]?.conclusion).toBe("no-difference");
    expect(compareOutcome(comparison, []).exitCode).toBe(0);
  });
});

describe("conditions", () => {
  const changes: Readonly<Record<string, Partial<BenchResult["parameters"]>>> = {
    durability: { durability: "full" },
    shards: { shards: 5 },
    batch: { batch: 5 },
    producerBatch: { producerBatch: 5 },
    producers: { producers: 5 },
    durationMs: { durationMs: 5 },
    warmupMs: { warmupMs: 5 },
    payloadBytes: { payloadBytes: 500 },
    ratePerSecond: { ratePerSecond: 5 },
    threads: { threads: 5 },
    prefill: { prefill: 5 },
  };
  test.each(Object.entries(changes))("that differ in %s are told apart", (name, change) => {
    const other = { ...sweep, parameters: { ...sweep.parameters, ...change } };
    expect(mismatches(sweep, other)).toMatchObject([{ kind: "parameters", name }]);
  });

  const machines: Readonly<Record<string, Partial<BenchResult["machine"]>>> = {
    cpu: { cpu: "Other CPU" },
    cores: { cores: 64 },
    architecture: { architecture: "arm64" },
    fileSystem: { fileSystem: undefined },
    memory: { memoryBytes: 64 * 2 ** 30 },
  };
  test.each(Object.entries(machines))("on machines that differ in %s are told apart", (name, change) => {
    const other = { ...sweep, machine: { ...sweep.machine, ...change } };
    expect(mismatches(sweep, other)).toMatchObject([{ kind: "machine", name }]);
  });

  test("that differ in repeats, seed, order or fsync alone are the same", () => {
    const other: BenchResult = {
      ...sweep,
      parameters: { ...sweep.parameters, repeat: 50, seed: 7, concurrency: [1] },
      machine: { ...sweep.machine, fsyncMs: 99 },
    };
    expect(mismatches(sweep, other)).toEqual([]);
  });
});
