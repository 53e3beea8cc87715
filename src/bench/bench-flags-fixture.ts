import { Command } from "commander";
import { addBenchFlags, type BenchFlags, parametersOf } from "./bench-flags.ts";
import type { Parameters } from "./result.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** Test-only: what a scenario's flags are for this command line; bad ones throw what the user would be told. */
export function flagsOf(scenario: Scenario, args: readonly string[]): BenchFlags {
  let complaint = "";
  const command = new Command(scenario.name).exitOverride().configureOutput({
    writeErr: (text) => {
      complaint += text;
    },
  });
  try {
    return addBenchFlags(command, scenario).parse(args, { from: "user" }).opts<BenchFlags>();
  } catch (error) {
    throw new Error(complaint, { cause: error });
  }
}

/** Test-only: the parameters of a run, as the report will tell them. */
export function parametersFor(scenario: Scenario, args: readonly string[] = []): Parameters {
  return parametersOf(flagsOf(scenario, args));
}
