import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureBuilt } from "./build.ts";
import { type MeasuredFigures, writeMeasuredBuild } from "./regression/measured-build-fixture.ts";
import { mergeRuns } from "./regression/merge-runs.ts";

const ROOT = dirname(import.meta.dir);
const BASE: MeasuredFigures = { rate: 1000, cpuSecondsPerMillion: 100 };

describe("the comparison of two builds", () => {
  test.each([
    ["passes a head that measures the same", BASE, 0, "no difference"],
    ["fails a head whose rate is 12 % lower", { ...BASE, rate: 880 }, 10, "rate<-10% is crossed at c=1: −12.0 %"],
    ["passes one whose rate is 8 % lower", { ...BASE, rate: 920 }, 0, "−8.0 %"],
    ["passes one whose rate is 25 % higher", { ...BASE, rate: 1250 }, 0, "+25.0 %"],
    [
      "fails one whose tasks take 12 % more processor time",
      { ...BASE, cpuSecondsPerMillion: 112 },
      10,
      "cpu>+10% is crossed at c=1: +12.0 %",
    ],
    ["passes one whose tasks take 8 % more", { ...BASE, cpuSecondsPerMillion: 108 }, 0, "+8.0 %"],
    ["passes one whose tasks take 20 % less", { ...BASE, cpuSecondsPerMillion: 80 }, 0, "−20.0 %"],
  ])(
    "%s",
    async (_, head, code, text) => {
      using tried = new TriedBuilds(head);
      // As few as can tell a change from chance.
      const answer = await tried.compare("--rounds", "4");
      expect(answer).toMatchObject({ code });
      expect(answer.output).toContain(text);
    },
    60_000,
  );

  test("measures each ten times, in turn, and lets the head compare the base with the head", async () => {
    using tried = new TriedBuilds({ ...BASE, rate: 1250 });
    const { output } = await tried.compare();
    const calls = tried.calls();
    const runs = calls.filter(({ args }) => args.startsWith("http-cycle "));
    expect(runs.map(({ side }) => side).join(" ")).toBe("base head head base ".repeat(5).trim());
    expect(new Set(runs.map(({ args }) => args.split(" --json")[0]))).toEqual(
      new Set(["http-cycle --duration 4 --warmup 2 --quiet --no-profile"]),
    );
    expect(calls.slice(runs.length)).toEqual([
      { side: "head", args: expect.stringMatching(/^compare .*base\.json .*head\.json$/) },
    ]);
    for (const [side, rate] of [
      ["base", 1000],
      ["head", 1250],
    ] as const) {
      const { parameters, points } = JSON.parse(tried.read(`out/${side}.json`));
      expect([parameters.repeat, points[0].rate.median, points[0].runs.length]).toEqual([10, rate, 10]);
    }
    expect(output).toContain("round 10 of 10");
  }, 60_000);

  test("takes what real builds measure, against the limits it is told", async () => {
    // Whatever else the machine does, something is done in a second: a run that did nothing would be refused.
    const bench = [
      "--rounds",
      "1",
      "--",
      "http-cycle",
      "--duration",
      "1",
      "--warmup",
      "0.2",
      "--producers",
      "1",
      "--concurrency",
      "1",
    ];
    const binary = ensureBuilt(ROOT);
    using tried = new TriedBuilds(BASE);
    expect(await regression(tried.path, [binary, binary, "--fail-on", "rate<-99.9%", ...bench])).toMatchObject({
      code: 0,
    });
  }, 60_000);

  test("hands on the exit code of a run that fails, and says how it is used", async () => {
    const binary = ensureBuilt(ROOT);
    using tried = new TriedBuilds(BASE);
    const unknown = await regression(tried.path, [binary, binary, "--rounds", "1", "--", "no-such-scenario"]);
    expect(unknown).toMatchObject({ code: 2 });
    const broken = await regression(tried.path, ["/bin/false", binary]);
    expect(broken).toEqual({ code: 1, output: "/bin/false exited with 1\n" });
    for (const rounds of ["0", "101", "1.5", "x"]) {
      const { code, output } = await tried.compare("--rounds", rounds);
      expect({ code, output }).toMatchObject({ code: 2, output: expect.stringContaining("usage:") });
    }
    expect(tried.calls()).toEqual([]);
  }, 60_000);
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

/** Two builds in a directory of their own, which can be told apart by what they measure. */
class TriedBuilds implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-regression-"));

  constructor(head: MeasuredFigures) {
    writeMeasuredBuild(join(this.path, "base"), join(this.path, "calls"), BASE);
    writeMeasuredBuild(join(this.path, "head"), join(this.path, "calls"), head);
  }

  compare(...options: readonly string[]): Promise<Answer> {
    return regression(this.path, ["base", "head", ...options]);
  }

  /** Who was called with what, in order. */
  calls(): { readonly side: string; readonly args: string }[] {
    if (!existsSync(join(this.path, "calls"))) return [];
    return [...this.read("calls").matchAll(/^\S*\/(\w+) bench (.*)$/gm)].map(([, side = "", args = ""]) => ({
      side,
      args,
    }));
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

interface Answer {
  readonly code: number;
  /** All it said, so that a failed expectation shows why. */
  readonly output: string;
}

async function regression(cwd: string, args: readonly string[]): Promise<Answer> {
  const command = [process.execPath, join(ROOT, "scripts/bench-regression.ts"), "--out", "out", ...args];
  const child = Bun.spawn(command, { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const texts = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, output: texts.join("") };
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
