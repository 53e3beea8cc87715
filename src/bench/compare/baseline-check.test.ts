import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resultToJson } from "../report/json-report.ts";
import { benchResult, SWEEP } from "../report/result-fixture.ts";
import { baselineVerdict, openBaseline } from "./baseline-check.ts";

const sweep = benchResult(SWEEP);
let path: string;
beforeAll(async () => {
  path = join(mkdtempSync(join(tmpdir(), "codeq-baseline-")), "base.json");
  await Bun.write(path, resultToJson(sweep));
});
afterAll(() => rmSync(join(path, ".."), { recursive: true }));

describe("a baseline", () => {
  test("is taken for a run of the same kind on the same machine, whatever the kernel", async () => {
    expect(await openBaseline(path, sweep)).toEqual(sweep);
    expect(await openBaseline(path, { ...sweep, machine: { ...sweep.machine, kernel: "Linux 9.9.9" } })).toEqual(sweep);
  });

  test.each([
    ["another scenario", { scenario: "http-cycle" }, "scenario is saturation-worker there and http-cycle here"],
    ["another machine", { machine: { ...sweep.machine, cores: 64 } }, "machine: cores is 2 there and 64 here"],
    [
      "another durability",
      { parameters: { ...sweep.parameters, durability: "full" as const } },
      "parameters: durability is off there and full here",
    ],
    [
      "another sweep",
      { parameters: { ...sweep.parameters, concurrency: [1, 4] } },
      "its sweep has concurrency 1, 4, 16, 32, 64, 128, 256, 512, this one 1, 4",
    ],
  ])("of %s is refused before anything is measured", async (_, change, message) => {
    expect(openBaseline(path, { ...sweep, ...change })).rejects.toThrow(`${path} is no baseline for this: ${message}`);
  });

  test("that was not valid itself is refused", async () => {
    const invalid = `${path}.invalid`;
    await Bun.write(invalid, resultToJson({ ...sweep, verdict: "invalid" }));
    expect(openBaseline(invalid, sweep)).rejects.toThrow(`${invalid} is no baseline: its verdict is invalid`);
  });

  test.each([
    [0.94, 11, "SLOWER"],
    [0.96, 0, "−4.0 % against the baseline"],
    [1.1, 0, "+10.0 % against the baseline"],
  ])("at %d of its rate exits with %d", (factor, exitCode, text) => {
    const slower = SWEEP.map((point) => ({ ...point, rates: point.rates.map((rate) => rate * factor) }));
    const verdict = baselineVerdict(sweep, benchResult(slower));
    expect(verdict.exitCode).toBe(exitCode);
    expect(verdict.text).toContain(text);
  });

  test("with no rate in common holds nothing, and fails", () => {
    const other = benchResult(SWEEP.slice(0, 1), { plateau: undefined });
    expect(baselineVerdict(sweep, other).exitCode).toBe(2);
  });
});
