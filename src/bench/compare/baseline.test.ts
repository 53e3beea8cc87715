import { describe, expect, test } from "bun:test";
import { benchResult, type PointSketch, SWEEP } from "../report/result-fixture.ts";
import type { BenchResult } from "../result.ts";
import { againstBaseline } from "./baseline.ts";

const scaled = (factor: number, runs = 5): PointSketch[] =>
  SWEEP.map((point) => ({ ...point, rates: point.rates.slice(0, runs).map((rate) => rate * factor) }));
const sweep = benchResult(SWEEP);

describe("against a saved result", () => {
  test.each([
    ["a plateau 5.1 % under it has regressed", 0.949, true],
    ["a plateau 4.9 % under it has not", 0.951, false],
    ["a plateau over it has not", 1.2, false],
    ["the same again has not", 1, false],
  ])("%s", (_, factor, regressed) => {
    expect(againstBaseline(sweep, benchResult(scaled(factor)))).toMatchObject({ compared: true, regressed });
  });

  test("a regression is said, with how sure it is and the command that finds out more", () => {
    expect(againstBaseline(sweep, benchResult(scaled(0.9))).lines).toEqual([
      "plateau: −10.0 % against the baseline, which is more than chance (p = 0.008): SLOWER",
      expect.stringMatching(
        /^to see where the time goes: codeq bench saturation-worker .* --profile-dir \/tmp\/codeq-profiles$/,
      ),
    ]);
  });

  test("what may be chance is called so", () => {
    const chance = (factor: number, runs: number): string | undefined =>
      againstBaseline(sweep, benchResult(scaled(factor, runs))).lines[0];
    expect(chance(1.001, 5)).toContain("which may be chance");
    expect(chance(0.9, 1)).toContain("too few runs to tell this from chance: SLOWER");
  });

  test("each point stands for itself where there is no plateau", () => {
    const sides = (factor: number): BenchResult => benchResult(scaled(factor).slice(0, 2), { plateau: undefined });
    const { regressed, lines } = againstBaseline(sides(1), sides(0.5));
    expect(regressed).toBe(true);
    expect(lines.filter((line) => line.endsWith("SLOWER")).map((line) => line.split(":")[0])).toEqual(["c=1", "c=4"]);
  });

  test("a result with no rate in common is not compared, and says so", () => {
    const other = benchResult(SWEEP.slice(0, 1), { plateau: undefined });
    expect(againstBaseline(sweep, other)).toEqual({
      compared: false,
      regressed: false,
      lines: ["c=1: not in the baseline"],
    });
  });
});
