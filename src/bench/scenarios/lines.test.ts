import { describe, expect, test } from "bun:test";
import { parametersFor } from "../bench-flags-fixture.ts";
import { benchResult } from "../report/result-fixture.ts";
import type { Measures, Point } from "../result.ts";
import { SCENARIOS } from "./registry.ts";
import { medianRun } from "./window-lines.ts";

/** A point in whose window 6 s long every count is another one. */
function pointWith(change: Partial<Measures>, about: Partial<Point> = {}): Point {
  const counts = { created: 1200, delivered: 1100, completed: 900 };
  const measures = (base: Measures): Measures => ({ ...base, ...counts, rate: 150, windowMs: 6000, ...change });
  const [point] = benchResult([{ concurrency: 32, rates: [150], change: measures }]).points;
  if (point === undefined) throw new Error("the fixture has no point");
  return { ...point, ...about };
}

function linesOf(name: string, point: Point): readonly string[] {
  const scenario = SCENARIOS.find((one) => one.name === name);
  return scenario?.lines(point, parametersFor(scenario)) ?? [];
}

describe("the lines that scripts for the earlier harness read", () => {
  const extras = [
    { name: "start", value: 123.4, unit: "ms" },
    { name: "gc_cycles", value: 3, unit: "" },
  ];
  const creates = pointWith({}, { unit: "creates/s" });
  const side = pointWith({}, { name: "STREAM" });
  const window = ["PROFILE WINDOW (6s):", "  created   = 1200 (200/s)", "  completed = 900 (150/s)"];

  test.each([
    ["profile-full-cycle", pointWith({}), window],
    [
      "delayed",
      pointWith({}),
      ["=== REPRO REPORT ===", "  created   = 1200", "  claimed   = 1100", "  completed = 900"],
    ],
    ["saturation-worker", pointWith({}), ["c=32    completed=900      rate=     150 tasks/s"]],
    ["http-cycle", pointWith({}), ["c=32    completed=900      rate=     150 tasks/s"]],
    ["saturation-producer", creates, ["c=32    created=1200     rate=     150 creates/s"]],
    ["producer-stream-vs-rest", creates, ["c=32: created=1200 duration=6.0s rate=150 creates/s"]],
    ["worker-stream-vs-rest", side, ["STREAM: completed=900 created=1200 duration=6.0s rate=150 tasks/s"]],
  ])("of %s tell what was created and what was completed", (name, point, lines) => {
    // What a scenario adds of its own comes after.
    expect(linesOf(name, point).slice(0, lines.length)).toEqual(lines);
  });

  test.each(["gc-pressure", "backlog"])("of %s tell what only it measures", (name) => {
    expect(linesOf(name, pointWith({ extras })).join("\n")).toMatch(/^c=32.*start=123.*ms.*gc_cycles=3/s);
  });

  test("of delayed tell how late tasks came", () => {
    const point = pointWith({});
    const { endToEnd } = medianRun(point)?.measures?.latencies ?? {};
    const late = endToEnd === undefined ? {} : { lateness: { ...endToEnd, p50Ms: 1.25, p99Ms: 20, maxMs: 33.33 } };
    expect(linesOf("delayed", pointWith({ latencies: late })).join("\n")).toMatch(
      /lateness.*1\.3 ms.*20\.0 ms.*33\.3 ms/,
    );
  });
});

test.each(SCENARIOS.map(({ name }) => name))("defect 76: %s never prints a delivered task as completed", (name) => {
  const lines = linesOf(name, pointWith({ completed: 0, delivered: 777, rate: 0 }));
  // One scenario tells what was claimed, under that name.
  expect(lines.filter((line) => !line.includes("claimed")).join("\n")).not.toContain("777");
  expect(lines.join("\n").match(/completed *= *(\d+)/)?.[1] ?? "0").toBe("0");
});

describe("the run that stands for a point", () => {
  const [point] = benchResult([{ concurrency: 1, rates: [300, 100, 200, 400] }]).points;

  test("is the one in the middle by its rate, the lower one of two", () => {
    expect(point === undefined ? undefined : medianRun(point)?.measures?.rate).toBe(200);
  });

  test("is one that was measured, if there is any", () => {
    const unmeasured = (point?.runs ?? []).map((run, index) => (index === 3 ? run : { ...run, measures: undefined }));
    expect(point === undefined ? undefined : medianRun({ ...point, runs: unmeasured })?.measures?.rate).toBe(400);
    expect(point === undefined ? undefined : medianRun({ ...point, runs: unmeasured.slice(0, 3) })).toBeUndefined();
  });

  test.each(SCENARIOS.map(({ name }) => name))("is missed in silence by %s", (name) => {
    expect(linesOf(name, { ...pointWith({}), runs: [] })).toEqual([]);
  });
});
