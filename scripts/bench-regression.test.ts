import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureBuilt } from "./build.ts";
import { mergeRuns } from "./regression/merge-runs.ts";

const ROOT = dirname(import.meta.dir);
const TINY = [
  "--rounds",
  "2",
  "--",
  "http-cycle",
  "--duration",
  "0.2",
  "--warmup",
  "0.1",
  "--producers",
  "1",
  "--concurrency",
  "1",
];

describe("the comparison of two builds", () => {
  test("passes when no limit is crossed, and leaves both results, each of all rounds", async () => {
    await inDirectory(async (out) => {
      expect(await regression(out, ["--fail-on", "rate<-99.9%"])).toBe(0);
      for (const side of ["base", "head"]) expect(repeatsOf(readFileSync(join(out, `${side}.json`), "utf8"))).toBe(2);
    });
  }, 60_000);

  test("fails when one is", async () => {
    await inDirectory(async (out) => expect(await regression(out, ["--fail-on", "rate<+100000%"])).toBe(10));
  }, 60_000);

  test("hands on the exit code of a run that fails, and says how it is used", async () => {
    await inDirectory(async (out) => {
      expect(await regression(out, [], ["--rounds", "1", "--", "no-such-scenario"])).toBe(2);
      expect(await regression(out, [], ["--rounds", "0"])).toBe(2);
    });
  });
});

describe("merged results", () => {
  test("hold the runs of all, and their spread", () => {
    const merged: unknown = JSON.parse(mergeRuns([result(3), result(1), result(2)]));
    expect(merged).toMatchObject({
      parameters: { repeat: 3, shards: 1 },
      points: [{ name: "c=1", rate: { median: 2, minimum: 1, maximum: 3 } }],
    });
    expect(JSON.stringify(merged).match(/"measures"/g)).toHaveLength(3);
  });

  test("take the middle between two", () => {
    expect(JSON.parse(mergeRuns([result(1), result(2)]))).toMatchObject({ points: [{ rate: { median: 1.5 } }] });
  });

  test("are refused with an invalid run, a broken-off one, or another sweep", () => {
    expect(() => mergeRuns([result(1), result(1, { verdict: "invalid" })])).toThrow("run 2 is complete, invalid");
    expect(() => mergeRuns([result(1, { outcome: "interrupted" })])).toThrow("run 1 is interrupted");
    expect(() => mergeRuns([result(1), result(1, { name: "c=2" })])).toThrow("no point c=1");
    expect(() => mergeRuns([])).toThrow("no result");
  });
});

async function regression(out: string, options: readonly string[], rest: readonly string[] = TINY): Promise<number> {
  const binary = ensureBuilt(ROOT);
  const command = [process.execPath, join(ROOT, "scripts/bench-regression.ts"), binary, binary, "--out", out];
  return Bun.spawn([...command, ...options, ...rest], { stdio: ["ignore", "ignore", "ignore"] }).exited;
}

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "codeq-regression-"));
  try {
    await run(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function repeatsOf(text: string): unknown {
  // What the script wrote; a missing member fails the test.
  return (JSON.parse(text) as { readonly parameters: { readonly repeat: unknown } }).parameters.repeat;
}

function result(
  rate: number,
  fields: { readonly name?: string; readonly verdict?: string; readonly outcome?: string } = {},
): string {
  const { name = "c=1", verdict = "valid", outcome = "complete" } = fields;
  return JSON.stringify({
    outcome,
    verdict,
    parameters: { repeat: 1, shards: 1 },
    points: [{ name, runs: [{ measures: { rate } }], rate: { median: rate, minimum: rate, maximum: rate } }],
  });
}
