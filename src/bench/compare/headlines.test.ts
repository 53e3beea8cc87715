import { describe, expect, test } from "bun:test";
import { benchResult, SWEEP } from "../report/result-fixture.ts";
import { headlines } from "./headlines.ts";

describe("the rates a result is known by", () => {
  test("are those of a sweep's plateau, run by run", () => {
    const [plateau, ...others] = headlines(benchResult(SWEEP));
    expect(others).toEqual([]);
    expect(plateau).toMatchObject({ name: "plateau c=32…512", unit: "tasks/s" });
    expect(plateau?.rates).toEqual([105_900, 104_300, 106_000, 105_200, 105_700]);
  });

  test("are those of each point where there is no plateau", () => {
    const result = benchResult(SWEEP.slice(0, 2), { plateau: undefined });
    expect(headlines(result).map(({ name, rates }) => [name, rates.length])).toEqual([
      ["c=1", 5],
      ["c=4", 5],
    ]);
  });

  test("are taken at the plateau of another result if asked", () => {
    const [plateau] = headlines(benchResult(SWEEP), { fromConcurrency: 64, toConcurrency: 64 });
    expect(plateau).toEqual({ name: "plateau c=64", unit: "tasks/s", rates: [...(SWEEP[4]?.rates ?? [])] });
    expect(headlines(benchResult(SWEEP), { fromConcurrency: 1000, toConcurrency: 2000 })).toEqual([]);
  });
});
