import { describe, expect, test } from "bun:test";
import { markdownReport } from "./markdown-report.ts";
import { benchResult, runWithout, SWEEP } from "./result-fixture.ts";

const sweep = benchResult(SWEEP);

describe("the report in Markdown", () => {
  test("begins with scenario, verdict and rate", () => {
    expect(markdownReport(sweep).split("\n").slice(0, 5)).toEqual([
      "### codeq bench saturation-worker",
      "",
      "**VALID: every acknowledged task and result was accounted for in 40 runs**",
      "",
      "**105,700 tasks/s** (plateau at concurrency 32 … 512)",
    ]);
  });

  test("has a row for each point, as wide as its head, and one for each latency of the best", () => {
    const all = markdownReport(sweep)
      .split("\n")
      .filter((line) => line.startsWith("| c=") || line.startsWith("| point"));
    const latencies = all.splice(all.findLastIndex((line) => line.startsWith("| point")));
    expect(latencies.slice(1).every((line) => line.startsWith("| c=64 | "))).toBe(true);
    expect(latencies.some((line) => line.startsWith("| c=64 | end to end | "))).toBe(true);
    const rows = all;
    expect(rows).toHaveLength(9);
    expect(new Set(rows.map((row) => row.split(" | ").length)).size).toBe(1);
    expect(rows[1]).toStartWith("| c=1 | 10,000 | 9,800 … 10,100 | ");
  });

  test("names durability, machine and build", () => {
    const text = markdownReport(sweep);
    for (const line of ["| durability | off |", "| fsync of 4 KiB | 1.25 ms |", "| Bun | 1.4.5 |"])
      expect(text).toContain(line);
  });

  test("of an invalid result says why and shows no rate", () => {
    const points = sweep.points.map((point) => ({ ...point, runs: [runWithout("broken", "task 17 | was lost")] }));
    const text = markdownReport(benchResult([], { points, plateau: undefined, verdict: "invalid" }));
    expect(text).toContain("**INVALID: 8 of 8 runs cannot be relied on**");
    expect(text).toContain("- c=1: task 17 | was lost");
    expect(text).not.toMatch(/\d tasks\/s/);
    expect(text).toContain("| c=1 | – | – | ");
  });
});
