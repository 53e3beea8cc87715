import type { TimedLine } from "../target/server-child.ts";
import { writeProfileReport } from "./profile-report.ts";
import type { ServerProfile } from "./server-profile.ts";

/** What is asked of a server whose profile was taken. */
export interface ProfiledServer {
  /** Undefined when none was wanted. */
  readonly profile: ServerProfile | undefined;
  /** What it wrote to standard error. */
  readonly errorLines: readonly TimedLine[];
}

/**
 * Takes what can be taken once the load is over, and makes the profile readable.
 * @param title what was measured
 * @throws Error when the server could not take its profile, or took none
 */
export async function finishProfile({ profile, errorLines }: ProfiledServer, title: string): Promise<void> {
  if (profile?.directory === undefined) return;
  await profile.takeHeapSnapshot();
  await writeProfileReport(profile.directory, title, errorLines);
}
