import type { Command } from "commander";
import type { Scenario } from "../scenarios/scenario.ts";

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

/** Where profiles go; undefined when none are wanted. */
export function profileDirectoryOf({ profileDir, profile }: ProfileFlags): string | undefined {
  return profile ? profileDir : undefined;
}
