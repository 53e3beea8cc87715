import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resultToJson } from "../report/json-report.ts";
import { benchResult, type PointSketch, runWithout, SWEEP } from "../report/result-fixture.ts";
import type { BenchResult, Run } from "../result.ts";
import { compareCommand } from "./compare-command.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "codeq-compare-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function compare(base: BenchResult, next: BenchResult, ...flags: readonly string[]) {
  const paths = [join(directory, "base.json"), join(directory, "new.json")] as const;
  await Bun.write(paths[0], resultToJson(base));
  await Bun.write(paths[1], resultToJson(next));
  return await run(...paths, ...flags);
}

async function run(...args: readonly string[]) {
  const seen = { code: 0, out: "", err: "" };
  const command = compareCommand({
    print: (text) => void (seen.out += text),
    warn: (text) => void (seen.err += text),
    setExitCode: (code) => void (seen.code = code),
  });
  command.exitOverride().configureOutput({ writeErr: (text) => void (seen.err += text) });
  await command.parseAsync(args, { from: "user" }).catch(() => void (seen.code = 2));
  return seen;
}

const sweep = benchResult(SWEEP);
const scaled = (factor: number, runs = 5): BenchResult =>
  benchResult(
    SWEEP.map((point): PointSketch => ({ ...point, rates: point.rates.slice(0, runs).map((rate) => rate * factor) })),
  );

function withRun(result: BenchResult, run: Run): BenchResult {
  const points = result.points.map((point, index) => (index === 2 ? { ...point, runs: [run] } : point));
  return { ...result, points, plateau: undefined, verdict: "invalid" };
}

describe("compare exits with", () => {
  test.each([
    ["0 when nothing differs", 1, [], 0],
    ["0 when the new one is faster", 1.3, [], 0],
    ["0 when it is slower by less than 5 %", 0.97, [], 0],
    ["11 when it is slower by more", 0.93, [], 11],
    ["10 when a limit is crossed", 0.93, ["--fail-on", "rate<-3%"], 10],
    ["10 when one of several limits is crossed", 0.93, ["--fail-on", "rss>+3%", "--fail-on", "cpu>+3%"], 10],
    ["0 when only another limit was given than the one that is crossed", 0.93, ["--fail-on", "rate<-30%"], 0],
    ["2 for a limit that is none", 1, ["--fail-on", "rate"], 2],
    ["2 for a limit that could never fail", 1, ["--fail-on", "lateness-p99>+5%"], 2],
  ] as const)("%s", async (_, factor, flags, code) => {
    expect((await compare(sweep, scaled(factor), ...flags)).code).toBe(code);
  });

  test.each([
    ["broken", 12],
    ["unusable", 13],
    ["server-died", 14],
  ] as const)("the code of a run that was %s, on either side, whatever the rates", async (kind, code) => {
    const invalid = withRun(scaled(0.5), runWithout(kind, "a result in ten thousand was lost"));
    const after = await compare(sweep, invalid, "--fail-on", "rate<-1%");
    expect(after.code).toBe(code);
    expect(after.out).toContain("the new result is invalid at c=16: a result in ten thousand was lost");
    expect((await compare(invalid, sweep)).code).toBe(code);
  });

  test("the code of a run that was broken, even when its limit finds nothing to hold", async () => {
    const one = benchResult([{ concurrency: 16, rates: [1000] }], { plateau: undefined });
    const points = one.points.map((point) => ({ ...point, runs: [runWithout("broken", "lost")], rate: undefined }));
    const broken: BenchResult = { ...one, points, verdict: "invalid" };
    expect((await compare(one, broken, "--fail-on", "rate<-1%")).code).toBe(12);
    expect((await compare(broken, one, "--fail-on", "rate<-1%")).code).toBe(12);
  });

  test("2 for files it cannot read, by name", async () => {
    const { code, err } = await run("/nowhere/a.json", "/nowhere/b.json");
    expect(code).toBe(2);
    expect(err).toStartWith("codeq bench compare: /nowhere/a.json cannot be read");
  });
});

describe("compare refuses", () => {
  const machine = { ...sweep.machine, cores: 64 };
  const parameters = { ...sweep.parameters, durability: "full" as const };
  test.each([
    [
      "another machine",
      { machine },
      "machine: cores 2 in the base, 64 in the new result; --across-machines compares them all the same",
      "--across-machines",
    ],
    [
      "another durability",
      { parameters },
      "parameters: durability off in the base, full in the new result; --across-parameters compares them all the same",
      "--across-parameters",
    ],
  ])("%s, unless told, and marks it then", async (_, change, message, flag) => {
    const refused = await compare(sweep, { ...sweep, ...change });
    expect(refused).toEqual({ code: 2, out: "", err: `codeq bench compare: ${message}\n` });
    const told = await compare(sweep, { ...sweep, ...change }, flag);
    expect(told.code).toBe(0);
    expect(told.out).toContain("not made under the same conditions");
  });

  test("another scenario, whatever it is told", async () => {
    const other = { ...sweep, scenario: "http-cycle" };
    const { code, err } = await compare(sweep, other, "--across-machines", "--across-parameters");
    expect(code).toBe(2);
    expect(err).toContain("scenario saturation-worker in the base, http-cycle in the new result");
  });

  test("no newer kernel, and says that it is there", async () => {
    const updated = { ...sweep, machine: { ...sweep.machine, kernel: "Linux 9.9.9", memoryBytes: 8 * 2 ** 30 - 4096 } };
    const { code, out } = await compare(sweep, updated);
    expect(code).toBe(0);
    expect(out).toContain("- system: kernel Linux 6.1.0 in the base, Linux 9.9.9 in the new result");
  });

  test("neither another build, another number of runs nor another seed", async () => {
    const build = { ...sweep.build, serverCommit: "fedcba", bun: "9.9.9" };
    const next = scaled(1, 4);
    const other = { ...next, build, parameters: { ...next.parameters, seed: 77 } };
    expect((await compare(sweep, other)).code).toBe(0);
  });
});

describe("what compare prints", () => {
  test("says no difference where there is none", async () => {
    const { out } = await compare(sweep, sweep);
    expect(out).toMatch(/^plateau c=32…512 \(tasks\/s\) .* 0\.0 % .* no difference$/m);
    expect(out).not.toMatch(/better|worse/);
  });

  test("shows the rate of every point, and of the other measures those that differ", async () => {
    const { out } = await compare(sweep, scaled(0.9));
    expect(out.match(/^c=\d+ +rate .* worse$/gm)).toHaveLength(8);
    expect(out).toMatch(/^c=512 +end-to-end-p99 .* worse$/m);
    expect(out).not.toContain(" rss ");
    expect((await compare(sweep, scaled(0.9), "--all")).out).toMatch(/^c=512 +rss .* no difference$/m);
  });

  test("admits that few runs tell nothing", async () => {
    const { out } = await compare(scaled(1, 1), scaled(0.9, 1));
    expect(out).toContain("too few runs to tell");
    expect(out).toContain("use --repeat 4 or more");
    expect(out).not.toMatch(/better|worse$/m);
  });

  test("is a table of Markdown if asked", async () => {
    const { out } = await compare(sweep, scaled(0.9), "--markdown");
    expect(out).toStartWith("### codeq bench compare: saturation-worker\n");
    const rows = out.split("\n").filter((line) => line.startsWith("| c="));
    expect(new Set(rows.map((row) => row.split("|").length))).toEqual(new Set([11]));
  });

  test("names what only one of them measured", async () => {
    const { out } = await compare(sweep, benchResult(SWEEP.slice(0, 7)));
    expect(out).toContain("Not compared, since not measured in both: c=512.");
  });
});
