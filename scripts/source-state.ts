import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the binary is made of, apart from the tests that lie beside the sources. */
const SOURCES = [
  "src/**/*",
  "proto/**/*",
  "loadtest/k6/**/*",
  "scripts/build.ts",
  "scripts/source-state.ts",
  "tsconfig.json",
  "package.json",
  "bun.lock",
];

export interface SourceState {
  /** Changes when the binary would. */
  readonly hash: string;
  readonly version: string;
  /** Full commit hash, with "-dirty" if the sources differ from it; "unknown" outside of git and its archives. */
  readonly commit: string;
  /** ISO 8601 time of that commit, so that the binary does not depend on when it is built; empty if unknown. */
  readonly date: string;
}

export function sourceState(root: string): SourceState {
  const version = versionOf(root);
  const { commit, date } = fromGit(root) ?? fromArchive(root) ?? { commit: "unknown", date: "" };
  const hash = createHash("sha256").update(`${Bun.revision} ${process.platform} ${process.arch} ${commit} ${date}`);
  for (const path of sourcePaths(root)) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return { hash: hash.digest("hex"), version, commit, date };
}

function sourcePaths(root: string): string[] {
  const paths = SOURCES.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true })]);
  return paths.filter((path) => !path.endsWith(".test.ts")).sort();
}

function versionOf(root: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new Error("package.json has no version");
}

function fromGit(root: string): { commit: string; date: string } | undefined {
  // A checkout without its own .git may lie inside another repository, whose commits say nothing about it.
  if (!existsSync(join(root, ".git"))) return undefined;
  const [commit, date] = git(root, "log", "-1", "--format=%H %cI")?.split(" ") ?? [];
  if (commit === undefined || date === undefined) return undefined;
  const changed = git(root, "status", "--porcelain", "--", "src", "proto", "loadtest", "package.json", "bun.lock");
  return { commit: changed === "" ? commit : `${commit}-dirty`, date };
}

function git(root: string, ...args: readonly string[]): string | undefined {
  try {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  } catch {
    return undefined; // git is not installed
  }
}

/** `git archive` writes the commit into this file. */
function fromArchive(root: string): { commit: string; date: string } | undefined {
  const path = join(root, ".archive-commit");
  const [commit, date] = existsSync(path) ? readFileSync(path, "utf8").trim().split(" ") : [];
  return commit === undefined || date === undefined || commit.startsWith("$") ? undefined : { commit, date };
}
