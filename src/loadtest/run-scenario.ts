import { join } from "node:path";
import type { RunDirectory } from "./run-directory.ts";
import type { Scenario } from "./scenarios.ts";
import type { SignalRelay } from "./signal-relay.ts";
import { writeScripts } from "./write-scripts.ts";

export interface ScenarioRun {
  /** Path of the program. */
  readonly k6: string;
  readonly scenario: Scenario;
  /** Behind `k6 run`. */
  readonly k6Args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** URL of the server. */
  readonly target: string;
  readonly directory: RunDirectory;
  readonly signals: SignalRelay;
}

/** @returns the exit code of k6, 128 + n if it died of signal n */
export async function runScenario(run: ScenarioRun): Promise<number> {
  const { k6, scenario, k6Args, env, target, directory, signals } = run;
  const scripts = directory.at("k6");
  writeScripts(scripts, false);
  // A session of its own: Ctrl-C comes to k6 from us alone, and not from the terminal as well, which would be a second
  // one and keep it from its verdict.
  const child = Bun.spawn([k6, "run", ...k6Args, join(scripts, scenario.file)], {
    env: { K6_NO_USAGE_REPORT: "true", ...env, CODEQ_BASE_URL: target },
    stdio: ["inherit", "inherit", "inherit"],
    detached: true,
  });
  directory.owns(child.pid);
  signals.passTo((signal) => child.kill(signal));
  return child.exited;
}
