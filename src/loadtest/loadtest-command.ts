import { Command, InvalidArgumentError } from "commander";
import { fileErrorMessage } from "./file-error.ts";
import type { LoadtestIo } from "./loadtest-io.ts";
import { runCommand } from "./run-command.ts";
import { SCENARIOS } from "./scenarios.ts";
import { writeScripts } from "./write-scripts.ts";

const FAILED = 1;

/** `codeq loadtest`: the k6 scenarios this program carries, against a server of its own or another one. */
export function loadtestCommand(io: LoadtestIo): Command {
  const command = new Command("loadtest").description(
    "run the k6 scenarios: load over HTTP, judged by what became of it",
  );
  command.addCommand(listCommand(io));
  command.addCommand(runCommand(io));
  command.addCommand(exportCommand(io));
  return command;
}

function listCommand(io: LoadtestIo): Command {
  return new Command("list").description("show the scenarios").action(() => {
    for (const { number, file, workload, variables } of SCENARIOS) {
      io.print(`${number}  ${file.padEnd(28)} ${workload}\n${" ".repeat(33)}${variables}\n`);
    }
  });
}

function exportCommand(io: LoadtestIo): Command {
  const command = new Command("export").description("write the scripts into a directory");
  command
    .argument("<directory>", "made if need be", directoryNamed)
    .option("--force", "replace files that were changed");
  return command.action((directory: string, options: { readonly force?: boolean }) => {
    const inTheWay = scriptsInTheWay(directory, options.force === true, io);
    if (inTheWay === undefined) return;
    if (inTheWay.length === 0) {
      io.print(`${directory}: run them with k6 run ${directory}/${SCENARIOS[0]?.file ?? ""}\n`);
      return;
    }
    io.warn(`codeq: nothing was written, since these files differ from the scripts; --force replaces them\n`);
    for (const path of inTheWay) io.warn(`  ${path}\n`);
    io.setExitCode(FAILED);
  });
}

/** @returns undefined when nothing can be written there */
function scriptsInTheWay(directory: string, force: boolean, io: LoadtestIo): readonly string[] | undefined {
  try {
    return writeScripts(directory, force);
  } catch (error) {
    io.warn(`codeq: the scripts cannot be written into ${directory}: ${fileErrorMessage(error)}\n`);
    io.setExitCode(FAILED);
    return undefined;
  }
}

function directoryNamed(name: string): string {
  if (name.trim() !== "") return name;
  throw new InvalidArgumentError("Must be the path of a directory.");
}
