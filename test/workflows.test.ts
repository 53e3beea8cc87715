import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { writeMeasuredBuild } from "../scripts/regression/measured-build-fixture.ts";
import { TemporaryDirectory } from "./server-process.ts";

const ROOT = dirname(import.meta.dir);
const WORKFLOWS = join(ROOT, ".github", "workflows");

const Step = z.union([
  z.object({ name: z.string().optional(), run: z.string() }),
  z.object({ uses: z.string(), with: z.record(z.string(), z.unknown()).default({}) }),
]);
type Step = z.output<typeof Step>;
const Job = z.object({
  "runs-on": z.string(),
  "timeout-minutes": z.int(),
  strategy: z.object({ matrix: z.record(z.string(), z.array(z.string())) }).optional(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  steps: z.array(Step).min(1),
});
const Workflow = z.object({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), Job),
});

const [, bun = ""] = /bun@([\d.]+)/.exec(readFileSync(join(ROOT, ".ci", "run"), "utf8")) ?? [];

describe("the workflow", () => {
  for (const file of readdirSync(WORKFLOWS)) {
    const { permissions, jobs } = parsed(file);
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const commands = steps.flatMap((step) => ("run" in step ? [step.run] : []));

    test(`${file} may only read unless a job says otherwise, and uses actions of a known version`, () => {
      expect(permissions).toEqual({ contents: "read" });
      for (const step of steps) if ("uses" in step) expect(step.uses).toMatch(/^actions\/[\w-]+@v\d+$/);
    });

    test(`${file} uses the Bun of this project, and scripts that are there`, () => {
      const text = commands.join("\n");
      for (const [, version] of text.matchAll(/bun@([\d.]+)/g)) expect(version).toBe(bun);
      const scripts = [...text.matchAll(/(?:scripts\/[\w./-]+\.ts|\.ci\/run)/g)].map(([path]) => path);
      expect(scripts.length).toBeGreaterThan(0);
      for (const path of scripts) expect(existsSync(join(ROOT, path))).toBe(true);
    });

    test(`${file} has commands that a shell can read`, () => {
      for (const command of commands) {
        const plain = command.replaceAll(/\$\{\{[^}]*\}\}/g, "value");
        expect(Bun.spawnSync(["bash", "-n", "-c", plain]).stderr.toString()).toBe("");
      }
    });
  }
});

describe("the benchmark of a pull request", () => {
  const { jobs } = parsed("benchmark.yml");
  const steps = jobs["compare"]?.steps ?? [];

  test("takes the base from what the pull request is based on, and the head from the pull request", () => {
    const checkouts = steps.flatMap((step) =>
      "uses" in step && step.uses.startsWith("actions/checkout@") ? step.with : [],
    );
    expect(checkouts).toEqual([{ path: "head" }, { ref: "${{ github.event.pull_request.base.sha }}", path: "base" }]);
    expect(commandOf(steps, "Build both")).toBe(
      `(cd base && npx --yes bun@${bun} scripts/build.ts)\n(cd head && npx --yes bun@${bun} scripts/build.ts)\n`,
    );
  });

  test.each([
    ["fails when the head is 20 % slower", 1000, 800, 10, "rate<-10% is crossed"],
    ["passes when it is the base that is", 800, 1000, 0, "+25.0 %"],
    ["passes when both are the same", 1000, 1000, 0, "no difference"],
  ])(
    "%s, and shows the comparison",
    async (_, base, head, code, text) => {
      using directory = new TemporaryDirectory();
      for (const [side, rate] of [
        ["base", base],
        ["head", head],
      ] as const) {
        mkdirSync(directory.at(`${side}/dist`), { recursive: true });
        writeMeasuredBuild(directory.at(`${side}/dist/codeq`), directory.at("calls"), {
          rate,
          cpuSecondsPerMillion: 100,
        });
      }
      symlinkSync(join(ROOT, "scripts"), directory.at("head/scripts"));
      // `npx --yes bun@<version>` without a registry.
      mkdirSync(directory.at("bin"));
      writeFileSync(directory.at("bin/npx"), `#!/bin/sh\nshift 2\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
      const shell = Bun.spawn(["bash", "-e", "-c", commandOf(steps, "Measure both in turn")], {
        cwd: directory.path,
        env: { PATH: `${directory.at("bin")}:/usr/bin:/bin`, GITHUB_STEP_SUMMARY: directory.at("summary") },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [output, errors] = await Promise.all([shell.stdout.text(), shell.stderr.text()]);
      expect({ code: await shell.exited, output, errors }).toMatchObject({
        code,
        output: expect.stringContaining(text),
      });
      expect(readFileSync(directory.at("summary"), "utf8")).toBe(output);
      const sides = [...readFileSync(directory.at("calls"), "utf8").matchAll(/(\w+)\/dist\/codeq bench http-cycle /g)];
      expect(sides.map(([, side]) => side)).toHaveLength(20);
      // What it leaves is what the next step keeps.
      expect(existsSync(directory.at("bench-regression/head.json"))).toBe(true);
      expect(steps.at(-1)).toMatchObject({ uses: "actions/upload-artifact@v4", with: { path: "bench-regression/" } });
    },
    60_000,
  );
});

test("the documented thresholds of the benchmark are those it has", () => {
  const script = readFileSync(join(ROOT, "scripts/bench-regression.ts"), "utf8");
  const [, list = ""] = /DEFAULT_LIMITS = \[(.*)\]/.exec(script) ?? [];
  const documented = readFileSync(join(ROOT, "docs/performance-baselines.md"), "utf8");
  const [, section = ""] = documented.split("## Thresholds in CI");
  expect(Array.from(section.matchAll(/^- `(.*?)`/gm), ([, limit]) => `"${limit}"`).join(", ")).toBe(list);
});

test("a release is built on a machine of each kind, and on nothing less", () => {
  const { build, publish } = parsed("release.yml").jobs;
  const runners = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15-intel", "macos-15"];
  expect(build?.strategy?.matrix).toEqual({ runner: runners });
  expect(build?.["runs-on"]).toBe("${{ matrix.runner }}");
  expect(publish?.needs).toBe("build");
  expect(publish?.steps.map((step) => ("run" in step ? step.run : "")).join("\n")).toContain(`-eq ${runners.length}\n`);
});

test("a release holds a binary that runs, and a checksum that fits", () => {
  using temporary = new TemporaryDirectory();
  const directory = temporary.path;
  const packed = Bun.spawnSync([process.execPath, join(ROOT, "scripts", "package-release.ts"), directory]);
  expect(packed.exitCode).toBe(0);
  const archive = `codeq-${versionOf()}-${process.platform}-${process.arch}.tar.gz`;
  expect(readdirSync(directory).toSorted()).toEqual([archive, `${archive}.sha256`]);
  const check = Bun.spawnSync(["sha256sum", "--check", "--status", `${archive}.sha256`], { cwd: directory });
  expect(check.exitCode).toBe(0);
  Bun.spawnSync(["tar", "-xzf", archive, "--strip-components", "1"], { cwd: directory });
  expect(Bun.spawnSync([join(directory, "codeq"), "version"]).stdout.toString()).toStartWith(`codeq ${versionOf()} `);
}, 60_000);

function parsed(file: string): z.output<typeof Workflow> {
  return Workflow.parse(Bun.YAML.parse(readFileSync(join(WORKFLOWS, file), "utf8")));
}

function commandOf(steps: readonly Step[], name: string): string {
  const found = steps.find((step) => "run" in step && step.name === name);
  if (found === undefined || !("run" in found)) throw new Error(`there is no step ${name}`);
  return found.run;
}

function versionOf(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
