import { describe, expect, test } from "bun:test";
import { publishResult } from "./publish-result.ts";
import { resultFromJson } from "./report/json-report.ts";
import type { ReportFlags } from "./report/report-output.ts";
import { benchResult, runWithout, SWEEP } from "./report/result-fixture.ts";
import type { BenchResult, Run } from "./result.ts";

const sweep = benchResult(SWEEP);
const slow = benchResult(SWEEP.map((point) => ({ ...point, rates: point.rates.map((rate) => rate / 2) })));

function withRun(kind: Run["verdict"]["kind"], change: Partial<BenchResult>): BenchResult {
  const points = slow.points.map((point) => ({ ...point, runs: [...point.runs, runWithout(kind, "why")] }));
  return { ...slow, points, ...change };
}

async function published(result: BenchResult, baseline: BenchResult | undefined, flags: ReportFlags = {}) {
  let [out, err] = ["", ""];
  const print = (text: string): void => void (out += text);
  const warn = (text: string): void => void (err += text);
  const code = await publishResult(result, { flags, baseline, text: "the table\n", print, warn });
  return { code, out, err };
}

describe("the exit code of a run", () => {
  test.each([
    ["valid", sweep, undefined, 0],
    ["valid, with a baseline as fast", sweep, sweep, 0],
    ["valid, with a faster baseline", slow, sweep, 11],
    ["broken", withRun("broken", { verdict: "invalid" }), undefined, 12],
    ["broken, with a faster baseline", withRun("broken", { verdict: "invalid" }), sweep, 12],
    ["unusable", withRun("unusable", { verdict: "invalid" }), undefined, 13],
    ["whose server died", withRun("server-died", { verdict: "invalid" }), undefined, 14],
    ["interrupted", withRun("interrupted", { verdict: "partial", outcome: "interrupted" }), undefined, 130],
    [
      "interrupted, with a faster baseline",
      withRun("interrupted", { verdict: "partial", outcome: "interrupted" }),
      sweep,
      130,
    ],
  ])("that was %s", async (_, result, baseline, code) => {
    expect((await published(result, baseline)).code).toBe(code);
  });
});

test("the word on the baseline follows the table, and leaves a report on standard output alone", async () => {
  expect((await published(slow, sweep)).out).toMatch(/^the table\n[^]*SLOWER/);
  const { out, err } = await published(slow, sweep, { json: "-" });
  expect(resultFromJson(out, "standard output")).toEqual(slow);
  expect(err).toContain("SLOWER");
});
