import { describe, expect, test } from "bun:test";
import type { Measures } from "../result.ts";
import { pointTable } from "./point-table.ts";
import { benchResult, type PointSketch, runWithout, SWEEP, sides } from "./result-fixture.ts";

const titles = (points: readonly PointSketch[]): string[] =>
  pointTable(benchResult(points)).columns.map(({ title }) => title);
const one = (change: (measures: Measures) => Measures): PointSketch => ({ concurrency: 4, rates: [5000], change });

describe("the table of points", () => {
  test("shows the spread of several runs, and none of a single one", () => {
    expect(titles(SWEEP)).toContain("lowest … highest");
    expect(titles([{ concurrency: 4, rates: [5000] }])).not.toContain("lowest … highest");
  });

  test.each<[string, string, (measures: Measures) => Measures]>([
    ["end to end", "tasks came and went", (measures) => measures],
    ["claim", "the tasks had waited since before the window", (measures) => ({ ...measures, created: 0 })],
    [
      "create ack",
      "nothing was taken",
      ({ latencies: { createAck }, ...measures }) => ({
        ...measures,
        latencies: createAck === undefined ? {} : { createAck },
      }),
    ],
  ])("gives the latency %s where %s", (name, _, change) => {
    expect(titles([one(change)])).toContain(`${name} p99`);
  });

  test("says which latency it gives where points differ in that", () => {
    const before = one((measures) => ({ ...measures, created: 0 }));
    const { columns, rows } = pointTable(benchResult([before, { concurrency: 8, rates: [5000] }]));
    const place = columns.findIndex(({ title }) => title === "latency of");
    expect(columns[place + 1]?.title).toBe("p50");
    expect(rows.map((row) => row[place])).toEqual(["claim", "end to end"]);
  });

  test("names the unit in its head where all share it", () => {
    expect(pointTable(sides()).columns[1]?.title).toBe("tasks/s");
    const [first, ...others] = sides().points;
    if (first === undefined) throw new Error("the fixture has points");
    const mixed = pointTable(benchResult([], { points: [{ ...first, unit: "creates/s" }, ...others] }));
    expect(mixed.columns[1]?.title).toBe("rate");
    expect(mixed.rows.map((row) => row[1])).toEqual(["10,000 creates/s", "20,000 tasks/s", "30,000 tasks/s"]);
  });

  test("has as many cells in each row as titles, whatever is missing", () => {
    const bare = one((measures) => ({ ...measures, latencies: {}, server: undefined }));
    const { points } = benchResult([bare, SWEEP[1] ?? bare]);
    const broken = points.map((point, index) =>
      index === 1 ? { ...point, runs: [runWithout("broken", "lost")] } : point,
    );
    const { columns, rows } = pointTable(benchResult([], { points: broken }));
    for (const row of rows) expect(row).toHaveLength(columns.length);
    expect(rows[1]?.at(-1)).toBe("INVALID");
    expect(rows[1]?.[1]).toBe("–");
  });

  test("marks what must be known beside a rate", () => {
    const empty = one((measures) => ({ ...measures, notes: [{ kind: "queue-ran-empty", text: "empty for 2 s" }] }));
    expect(pointTable(benchResult([empty])).rows[0]?.at(-1)).toBe("queue ran empty");
  });
});
