import { Command, InvalidArgumentError } from "commander";
import { K6_MODULE } from "./k6-version.ts";
import { LocalServer } from "./local-server.ts";
import { runScenario } from "./run-scenario.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { SignalRelay } from "./signal-relay.ts";
import { writeScripts } from "./write-scripts.ts";

/** What the command may do to the world around it. */
export interface LoadtestIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

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

function runCommand(io: LoadtestIo): Command {
  const command = new Command("run").description("run one scenario, with the k6 on PATH");
  command.argument("<scenario>", "01 to 06", scenarioNamed);
  command.argument("[k6-arguments...]", "behind --, passed on to `k6 run`");
  command.option(
    "--target <url>",
    "a server that runs; without it one is started on the loopback address, with a data directory that goes away",
  );
  command.addHelpText("after", RUN_HELP);
  return command.action(
    async (scenario: Scenario, k6Args: readonly string[], options: { readonly target?: string }) => {
      const k6 = Bun.which("k6", { PATH: io.env["PATH"] ?? "" });
      if (k6 === null) {
        io.warn(`codeq: there is no k6 on PATH; with Go, this installs the one the scenarios are made for:\n\n`);
        io.warn(`  go install ${K6_MODULE} && export PATH="$PATH:$(go env GOPATH)/bin"\n\n`);
        io.setExitCode(FAILED);
        return;
      }
      using signals = new SignalRelay();
      const run = { k6, scenario, k6Args, env: io.env, signals };
      if (options.target !== undefined) {
        io.setExitCode(await runScenario({ ...run, target: options.target }));
        return;
      }
      await using server = await LocalServer.start(io.env);
      io.warn(`codeq: a server of this run's own listens on ${server.url}\n`);
      io.setExitCode(await runScenario({ ...run, target: server.url }));
    },
  );
}

function exportCommand(io: LoadtestIo): Command {
  const command = new Command("export").description("write the scripts into a directory");
  command.argument("<directory>").option("--force", "replace files that were changed");
  return command.action((directory: string, options: { readonly force?: boolean }) => {
    const inTheWay = writeScripts(directory, options.force === true);
    if (inTheWay.length === 0) {
      io.print(`${directory}: run them with k6 run ${directory}/${SCENARIOS[0]?.file ?? ""}\n`);
      return;
    }
    io.warn(`codeq: nothing was written, since these files differ from the scripts; --force replaces them\n`);
    for (const path of inTheWay) io.warn(`  ${path}\n`);
    io.setExitCode(FAILED);
  });
}

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find(({ number, file }) =>
    [number, String(Number(number)), file, file.slice(0, -3)].includes(name),
  );
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Must be one of ${SCENARIOS.map(({ number }) => number).join(", ")}.`);
}

const RUN_HELP = `
The scenario's variables (codeq loadtest list), CODEQ_COMMANDS, CODEQ_PRODUCER_TOKEN, CODEQ_WORKER_TOKEN and those of k6
itself are passed on. A server that is started takes its settings from the variables of codeq serve.

Example: RATE=200 DURATION=30s codeq loadtest run 01

The exit code is that of k6: 0 passed, 99 a verdict failed, 107 no verdict was possible.
`;
