import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readResult, resultFromJson, resultToJson } from "./json-report.ts";
import { benchResult, runWithout, SWEEP } from "./result-fixture.ts";
import { resultJsonSchema } from "./result-schema.ts";

const sweep = benchResult(SWEEP);
/** The sweep as JSON, with one thing changed. */
function changed(path: readonly string[], value: unknown): string {
  const copy: unknown = JSON.parse(resultToJson(sweep));
  let place = copy as Record<string, unknown>; // a result is an object
  for (const key of path.slice(0, -1)) place = place[key] as Record<string, unknown>; // as far as the paths below go
  place[path.at(-1) ?? ""] = value;
  return JSON.stringify(copy);
}

describe("a result in a file", () => {
  test("is read as it was written", () => {
    expect(resultFromJson(resultToJson(sweep), "a.json")).toEqual(sweep);
  });

  test("of a run without numbers is read as it was written", () => {
    const [point] = sweep.points;
    if (point === undefined) throw new Error("the sweep has points");
    const runs = [runWithout("broken", "one result in ten thousand was lost")];
    const broken = benchResult([], { points: [{ ...point, runs, rate: undefined }], verdict: "invalid" });
    expect(resultFromJson(resultToJson(broken), "a.json")).toEqual(broken);
  });

  test("may say more than this version knows", () => {
    expect(resultFromJson(changed(["weather"], "fine"), "a.json")).toEqual(sweep);
    expect(resultFromJson(changed(["points", "0", "weather"], "fine"), "a.json")).toEqual(sweep);
  });

  test.each([
    ["not JSON", "{", "a.json is not JSON"],
    ["no result", '{"rate": 5}', "a.json is not a result of codeq bench --json"],
    ["a result of another program", changed(["format"], "k6"), "a.json is not a result of codeq bench --json"],
    ["a list", "[]", "a.json is not a result of codeq bench --json"],
    [
      "of another version",
      changed(["version"], 99),
      "a.json has version 99, and this codeq reads version 1: measure again, or use the codeq that wrote it",
    ],
    ["without a version", changed(["version"], undefined), "a.json is not a result of codeq bench --json"],
    [
      "wrong in a value",
      changed(["points", "3", "rate", "median"], -5),
      "a.json is not a valid result: points.3.rate.median: Too small: expected number to be >=0",
    ],
    [
      "wrong in several values",
      changed(["machine"], { cpu: 1 }),
      "a.json is not a valid result: machine.cpu: Invalid input: expected string, received number (and 4 more)",
    ],
  ])("that is %s is refused in one line that names the file", (_, text, message) => {
    expect(() => resultFromJson(text, "a.json")).toThrow(message);
  });

  test("that is not there is refused by name", () => {
    expect(readResult("/nowhere/a.json")).rejects.toThrow("/nowhere/a.json cannot be read");
  });
});

describe("the published schema", () => {
  test("is the one results are read by", async () => {
    const published: unknown = await Bun.file(join(import.meta.dir, "../../../docs/bench-result.schema.json")).json();
    // `bun scripts/bench-schema.ts` writes it anew.
    expect(published).toEqual(resultJsonSchema());
  });
});
