import { type Command, Option } from "commander";
import { settingNames } from "./layers.ts";
import type { Setting } from "./setting.ts";
import { settings } from "./settings.ts";

/** Gives a command the flag of every setting, and `--config`. */
export function addServerFlags(command: Command): Command {
  const config = new Option("--config <path>", "YAML or JSON file with settings [CODEQ_CONFIG_PATH]");
  command.addOption(config.helpGroup("Configuration:"));
  for (const name of settingNames) {
    const row: Setting<unknown> = settings[name];
    if (row.flag === undefined) continue;
    const { placeholder } = row.kind;
    // A switch may be turned off again, so that a flag can go before a variable.
    const value = placeholder === undefined ? "[true|false]" : `<${placeholder}>`;
    const option = new Option(`--${row.flag} ${value}`, `${row.help} (${defaultOf(row)}) [${row.env.join(", ")}]`);
    command.addOption(option.helpGroup(`${row.group}:`));
  }
  return command;
}

/** What the user gave, by flag name. */
export function givenFlags(command: Command): ReadonlyMap<string, unknown> {
  const given = new Map<string, unknown>();
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value !== undefined && option.long !== undefined) given.set(option.long.slice(2), value);
  }
  return given;
}

function defaultOf(row: Setting<unknown>): string {
  return row.fallback === undefined ? "no default" : `default ${row.kind.show(row.fallback)}`;
}
