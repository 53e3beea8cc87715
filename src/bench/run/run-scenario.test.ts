import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { TemporaryDirectory } from "../bench-process-fixture.ts";
import { QueueDouble } from "../double/queue-double.ts";
import { benchResult } from "../report/result-fixture.ts";
import type { BenchResult, Parameters, Run } from "../result.ts";
import { profileFullCycle } from "../scenarios/profile-full-cycle.ts";
import { runScenario } from "./run-scenario.ts";
import type { RunSettings } from "./run-settings.ts";
import { runSettings } from "./run-settings-fixture.ts";

interface Course {
  /** In the order they ran. */
  readonly names: readonly string[];
  readonly runs: readonly Run[];
  readonly result: BenchResult;
}

const SWEEP = { concurrency: [1, 4, 16, 32, 64, 128, 256, 512] };

/** The course of a scenario none of whose runs gets as far as a server, for want of a place for its data. */
async function courseOf(parameters: Partial<Parameters>, change: Partial<RunSettings> = {}): Promise<Course> {
  using dir = new TemporaryDirectory();
  const settings = runSettings(parameters, { dataPlace: join(dir.path, "none"), ...change });
  const [names, runs]: [string[], Run[]] = [[], []];
  const watch = {
    runStarts: ({ name }: { readonly name: string }) => names.push(name),
    runEnds: (_: unknown, run: Run) => runs.push(run),
  };
  const { machine, build } = benchResult([]);
  const result = await runScenario({ scenario: profileFullCycle, settings, machine, build, watch });
  return { names, runs, result };
}

const swept = SWEEP.concurrency.map((slots) => `c=${slots}`);

describe("the order of a sweep", () => {
  test("is not that of its concurrency, and takes every point as often as asked", async () => {
    const { names } = await courseOf({ ...SWEEP, repeat: 3, seed: 1 });
    expect(names).toHaveLength(24);
    for (const name of swept) expect(names.filter((one) => one === name)).toHaveLength(3);
    // Neither one point after the other nor one sweep after the other.
    expect(names).not.toEqual([...swept, ...swept, ...swept]);
    expect(new Set(names.slice(0, 8)).size).toBeLessThan(8);
    expect(names.toSorted()).not.toEqual(names);
  });

  test("is the same for the same seed, and another one for another", async () => {
    const orderOf = async (seed: number): Promise<readonly string[]> => (await courseOf({ ...SWEEP, seed })).names;
    const [first, again] = [await orderOf(1), await orderOf(1)];
    expect(again).toEqual(first);
    const others = [await orderOf(2), await orderOf(3), await orderOf(0)];
    for (const other of others) expect(other).not.toEqual(first);
  });
});

test("points are told in the order of the sweep, whatever order they ran in, each with its runs", async () => {
  const { names, result } = await courseOf({ ...SWEEP, repeat: 2, seed: 5 });
  expect(names).not.toEqual([...swept, ...swept]);
  expect(result.points.map(({ name }) => name)).toEqual(swept);
  expect(result.points.map(({ runs }) => runs.length)).toEqual(swept.map(() => 2));
});

test("each run has a seed of its own, which the first one's decides", async () => {
  const { runs } = await courseOf({ ...SWEEP, seed: 40 });
  expect(runs.map(({ seed }) => seed)).toEqual([40, 41, 42, 43, 44, 45, 46, 47]);
});

test("runs that measured nothing make the result invalid, and give it no rate", async () => {
  const { result } = await courseOf(SWEEP);
  expect(result).toMatchObject({ verdict: "invalid", outcome: "complete", plateau: undefined });
  for (const { rate, runs } of result.points) {
    expect(rate).toBeUndefined();
    expect(runs).toMatchObject([{ verdict: { kind: "unusable" }, measures: undefined }]);
  }
});

test("a point one of whose runs cannot be relied on has no rate, whatever the others measured", async () => {
  await using double = await QueueDouble.start(undefined);
  const [httpUrl = "", producerUrl = "", workerUrl = ""] = double.target.split(",");
  const parameters = { concurrency: [1], producers: 1, durationMs: 1000, warmupMs: 0, threads: 1, repeat: 2 };
  const settings = runSettings(parameters, { target: { httpUrl, producerUrl, workerUrl } });
  let starts = 0;
  const watch = {
    // The second run finds no server.
    runStarts: () => {
      starts += 1;
      if (starts === 2) void double[Symbol.asyncDispose]();
    },
    runEnds: () => undefined,
  };
  const { machine, build } = benchResult([]);
  const { points, verdict } = await runScenario({ scenario: profileFullCycle, settings, machine, build, watch });
  expect(points[0]?.runs.map(({ verdict }) => verdict.kind)).toEqual(["valid", "unusable"]);
  expect(points[0]?.runs[0]?.measures?.rate).toBeGreaterThan(0);
  expect(points[0]?.rate).toBeUndefined();
  expect(verdict).toBe("invalid");
}, 20_000);

test("nothing is run once the user wants no more", async () => {
  const { names, result } = await courseOf(SWEEP, { signal: AbortSignal.abort() });
  expect(names).toEqual([]);
  expect(result).toMatchObject({ outcome: "interrupted", verdict: "partial" });
});

test("no more is run once the user has said so in the middle of a run", async () => {
  const interrupt = new AbortController();
  const watch = { phase: () => interrupt.abort(), progress: () => undefined };
  const { runs, result } = await courseOf(SWEEP, { signal: interrupt.signal, watch });
  expect(runs).toMatchObject([{ verdict: { kind: "interrupted" } }]);
  expect(result).toMatchObject({ outcome: "interrupted", verdict: "partial" });
});

test("no more is run once a server has died", async () => {
  using dir = new TemporaryDirectory();
  // A server that cannot read its flags ends at once.
  const { runs, result } = await courseOf(SWEEP, { dataPlace: dir.path, serverFlags: ["--no-such-flag"] });
  expect(runs).toMatchObject([{ verdict: { kind: "server-died" } }]);
  expect(result).toMatchObject({ outcome: "complete", verdict: "invalid" });
  expect(dir.names).toEqual([]);
}, 20_000);
