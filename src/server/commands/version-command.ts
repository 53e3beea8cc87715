import { Command } from "commander";
import { buildInfo } from "../../build-info.ts";
import type { CommandIo } from "./command-io.ts";

/** `codeq version` */
export function versionCommand(io: CommandIo): Command {
  const command = new Command("version").description("show the version and what it was built from");
  command.option("--json", "as JSON");
  return command.action((options: { readonly json?: boolean }) => {
    const { version, commit, date } = buildInfo;
    const details = { version, commit, date, bun: Bun.version, platform: `${process.platform}-${process.arch}` };
    if (options.json === true) io.print(`${JSON.stringify(details)}\n`);
    else io.print(`codeq ${version} (commit ${commit}${date === "" ? "" : `, ${date}`}, bun ${Bun.version})\n`);
  });
}
