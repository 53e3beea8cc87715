import { dirname } from "node:path";
import { ensureBuilt } from "../../scripts/build.ts";
import { k6Path } from "./k6-run.ts";

const BINARY = ensureBuilt(dirname(dirname(import.meta.dir)));

/** A scenario of seconds, whose speed does not matter. */
export const SHORT = { RATE: "20", DURATION: "1s", WORKER_VUS: "3", CLAIM_P99_MS: "60000", DROPPED_PCT_MAX: "100" };
export const QUIET = ["--", "--quiet", "--address", ""];

export interface LoadtestOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * `codeq loadtest` with a directory for whatever it leaves behind.
 * @param prefix put before the program's own path
 */
export function start(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  prefix: readonly string[] = [],
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  return Bun.spawn([...prefix, BINARY, "loadtest", ...args], {
    cwd: directory,
    env: { PATH: `${dirname(k6Path())}:/usr/bin:/bin`, TMPDIR: directory, K6_NO_USAGE_REPORT: "true", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

export async function run(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<LoadtestOutcome> {
  const child = start(directory, args, env);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}
