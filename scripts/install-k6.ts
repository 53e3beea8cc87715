import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { K6_MODULE, K6_VERSION } from "../src/loadtest/k6-version.ts";

const BUILD_MINUTES_MAX = 20;
const LOCK_POLL_MS = 500;

export type K6 = { readonly path: string } | { readonly missing: string };

/**
 * The pinned k6, outside of the checkout so that all checkouts share it. Builds it when it is not there: about three
 * minutes of work for a processor.
 * @returns where it is, or why there is none on a machine without Go
 * @throws Error when Go is there and the build fails
 */
export async function ensureK6(say: (line: string) => void): Promise<K6> {
  const directory = join(cacheHome(), "codeq");
  const path = join(directory, `k6-${K6_VERSION}`, "k6");
  if (existsSync(path)) return { path };
  const go = Bun.which("go");
  if (go === null) return { missing: `k6 is built by \`go install ${K6_MODULE}\`, and there is no go on PATH` };

  mkdirSync(directory, { recursive: true });
  const lock = join(directory, `k6-${K6_VERSION}.lock`);
  if (!(await locked(lock, path))) return { path };
  try {
    say(`building k6 ${K6_VERSION}, once; this takes some minutes\n`);
    await build(go, directory, path);
    say(`built ${path}\n`);
  } finally {
    rmSync(lock, { force: true });
  }
  return { path };
}

/**
 * Whether tests that need k6 are to be skipped: there is no Go, and this is a machine where somebody reads this message.
 * `CODEQ_SKIPPING` comes from `scripts/run-tests.ts`.
 */
export function mayGoWithoutK6(): boolean {
  if (Bun.which("go") !== null || process.env["CODEQ_SKIPPING"] === "refused") return false;
  process.stderr.write("skipped: what runs k6, since there is no go on PATH to build it with\n");
  return true;
}

async function build(go: string, directory: string, path: string): Promise<void> {
  const workshop = join(directory, `k6-build-${process.pid}`);
  try {
    // It takes every core for minutes: other tests go first.
    const nice = Bun.which("nice");
    const child = Bun.spawn([...(nice === null ? [] : [nice, "-n", "10"]), go, "install", K6_MODULE], {
      env: { ...process.env, GOBIN: workshop },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      timeout: BUILD_MINUTES_MAX * 60_000,
    });
    const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    if (code !== 0) throw new Error(`go install ${K6_MODULE} failed with ${code}:\n${stderr}`);
    mkdirSync(join(path, ".."), { recursive: true });
    renameSync(join(workshop, "k6"), path);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** @returns false once another process has built it */
async function locked(lock: string, path: string): Promise<boolean> {
  for (;;) {
    try {
      closeSync(openSync(lock, "wx"));
      // Somebody may have finished between the look at the file and the lock.
      if (!existsSync(path)) return true;
      rmSync(lock, { force: true });
      return false;
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
    if (existsSync(path)) return false;
    // One who died while building left its lock.
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > BUILD_MINUTES_MAX * 60_000) rmSync(lock, { force: true });
    await Bun.sleep(LOCK_POLL_MS);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function cacheHome(): string {
  const given = process.env["XDG_CACHE_HOME"];
  return given === undefined || given === "" ? join(homedir(), ".cache") : given;
}

if (import.meta.main) {
  const k6 = await ensureK6((line) => void process.stderr.write(line));
  if ("path" in k6) process.stdout.write(`${k6.path}\n`);
  else {
    process.stderr.write(`${k6.missing}\n`);
    process.exitCode = 1;
  }
}
