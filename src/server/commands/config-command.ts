import { Command } from "commander";
import { chooseAuth } from "../config/auth-choice.ts";
import { authenticatorsOf } from "../config/chosen-auth.ts";
import { addServerFlags, givenFlags } from "../config/flags.ts";
import { configJson, configText } from "../config/print-config.ts";
import { loadConfig } from "../config.ts";
import type { CommandIo } from "./command-io.ts";

/** `codeq config`: what `codeq serve` would run with, given the same flags, variables and file. */
export function configCommand(io: CommandIo): Command {
  const command = new Command("config").description("show the effective configuration and where each value comes from");
  command.option("--json", "as JSON: durations in milliseconds, sizes in bytes");
  return addServerFlags(command).action(async () => {
    const flags = givenFlags(command);
    const loaded = await loadConfig({ flags, env: io.env });
    io.print(flags.get("json") === true ? configJson(loaded) : configText(loaded));
    for (const warning of loaded.warnings) io.warn(`warning: ${warning}\n`);
    // Shown all the same, because that helps to find what is wrong.
    authenticatorsOf(chooseAuth(loaded.config));
  });
}
