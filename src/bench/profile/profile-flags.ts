import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import type { Scenario } from "../scenarios/scenario.ts";
import { UsageError } from "../usage-error.ts";

export interface ProfileFlags {
  readonly profileDir?: string;
  /** False when told not to. */
  readonly profile: boolean;
}

const DEFAULT_DIRECTORY = "/tmp/codeq-profiles";

/** Gives a scenario's command the flags of profiling; a scenario made for it does so unless told not to. */
export function addProfileFlags(command: Command, { profiles }: Scenario): Command {
  const what =
    "measure once more under a profiler, and write CPU profile, flame graph, heap and GC log of the server there";
  return command
    .option("--profile-dir <path>", what, ...(profiles === true ? [DEFAULT_DIRECTORY] : []))
    .option("--no-profile", "leave that further run out");
}

/**
 * Where profiles go, as an absolute path, for the server lives in a directory of its own; undefined when none are wanted.
 * @throws UsageError when there is no such place to write to
 */
export function checkedProfileDirectory({ profileDir, profile }: ProfileFlags): string | undefined {
  if (!profile || profileDir === undefined) return undefined;
  const path = resolve(profileDir);
  let place = path;
  while (!existsSync(place)) place = dirname(place);
  try {
    // The slash makes it fail where this is no directory.
    accessSync(`${place}/`, constants.W_OK);
  } catch {
    throw new UsageError(`--profile-dir ${profileDir} cannot be written: ${place} is no directory to write to`);
  }
  return path;
}
