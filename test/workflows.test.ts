import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";

const ROOT = dirname(import.meta.dir);
const WORKFLOWS = join(ROOT, ".github", "workflows");

const Step = z.union([z.object({ run: z.string() }), z.object({ uses: z.string() })]);
const Workflow = z.object({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.object({ "timeout-minutes": z.int(), steps: z.array(Step).min(1) })),
});

const [, bun = ""] = /bun@([\d.]+)/.exec(readFileSync(join(ROOT, ".ci", "run"), "utf8")) ?? [];

describe("the workflow", () => {
  for (const file of readdirSync(WORKFLOWS)) {
    const { permissions, jobs } = Workflow.parse(Bun.YAML.parse(readFileSync(join(WORKFLOWS, file), "utf8")));
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

test("a release holds a binary that runs, and a checksum that fits", () => {
  const directory = mkdtempSync(join(tmpdir(), "codeq-release-"));
  try {
    const packed = Bun.spawnSync([process.execPath, join(ROOT, "scripts", "package-release.ts"), directory]);
    expect(packed.exitCode).toBe(0);
    const archive = `codeq-${versionOf()}-${process.platform}-${process.arch}.tar.gz`;
    expect(readdirSync(directory).toSorted()).toEqual([archive, `${archive}.sha256`]);
    const check = Bun.spawnSync(["sha256sum", "--check", "--status", `${archive}.sha256`], { cwd: directory });
    expect(check.exitCode).toBe(0);
    Bun.spawnSync(["tar", "-xzf", archive, "--strip-components", "1"], { cwd: directory });
    expect(Bun.spawnSync([join(directory, "codeq"), "version"]).stdout.toString()).toStartWith(`codeq ${versionOf()} `);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);

function versionOf(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
