import { Command } from "commander";
import { bench } from "./bench.ts";
import { addBenchFlags, type BenchFlags } from "./bench-flags.ts";
import type { BenchIo } from "./bench-io.ts";
import { compareCommand } from "./compare/compare-command.ts";
import { BENCH_EXIT_CODES } from "./exit-codes.ts";
import { addProfileFlags, type ProfileFlags } from "./profile/profile-flags.ts";
import { addReportFlags, type ReportFlags } from "./report/report-output.ts";
import { SCENARIOS } from "./scenarios/registry.ts";

/** `codeq bench`: measures the server of this very executable. */
export function benchCommand(io: BenchIo): Command {
  const command = new Command("bench").description("measure how fast the queue is on this machine");
  command.showSuggestionAfterError().addHelpText("after", exitCodesText());
  for (const scenario of SCENARIOS) {
    const one = new Command(scenario.name).description(scenario.summary);
    command.addCommand(
      addProfileFlags(addReportFlags(addBenchFlags(one, scenario)), scenario).action(
        async (flags: BenchFlags & ReportFlags & ProfileFlags) => bench(scenario, flags, io),
      ),
    );
  }
  command.addCommand(new Command("list").description("say what can be measured").action(() => io.print(list())));
  command.addCommand(compareCommand(io));
  return command;
}

function exitCodesText(): string {
  const rows = Object.values(BENCH_EXIT_CODES).map(({ code, meaning }) => `  ${String(code).padEnd(3)}  ${meaning}\n`);
  return `\nExit codes:\n${rows.join("")}`;
}

function list(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  return SCENARIOS.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}\n`).join("");
}
