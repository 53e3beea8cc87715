import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);

export interface BrokenRule {
  readonly path: string;
  readonly line: number;
  /** Without its plugin. */
  readonly rule: string;
}

/**
 * Puts sources into a tree of their own, lints them as this project is linted, and tells which rules they break.
 * @param sources by path, which decides about the rules
 */
export function brokenRules(sources: ReadonlyMap<string, string>): BrokenRule[] {
  const sandbox = mkdtempSync(join(tmpdir(), "codeq-lint-"));
  try {
    copyFileSync(join(root, ".oxlintrc.json"), join(sandbox, ".oxlintrc.json"));
    for (const [path, source] of sources) {
      mkdirSync(dirname(join(sandbox, path)), { recursive: true });
      writeFileSync(join(sandbox, path), source);
    }
    return readReport(runLinter(sandbox));
  } finally {
    rmSync(sandbox, { recursive: true });
  }
}

function runLinter(cwd: string): string {
  const { stdout, stderr } = Bun.spawnSync([join(root, "node_modules/.bin/oxlint"), "--format", "unix"], { cwd });
  const report = stdout.toString();
  if (!/^\d+ problems?$/m.test(report)) throw new Error(`oxlint did not finish: ${report}${stderr.toString()}`);
  return report;
}

function readReport(report: string): BrokenRule[] {
  const findings = report.matchAll(/^([^:\n]+):(\d+):\d+: .*\/[\w-]+\(([\w-]+)\)\]$/gm);
  return [...findings].map(([, path = "", line = "", rule = ""]) => ({ path, line: Number(line), rule }));
}
