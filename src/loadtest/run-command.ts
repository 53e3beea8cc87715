import { accessSync, constants, statSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { fileErrorMessage } from "./file-error.ts";
import { K6_MODULE } from "./k6-version.ts";
import type { LoadtestIo } from "./loadtest-io.ts";
import { LocalServer } from "./local-server.ts";
import { RunDirectory, removeLeftovers } from "./run-directory.ts";
import { runScenario } from "./run-scenario.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { SignalRelay } from "./signal-relay.ts";

const FAILED = 1;
const USAGE = 2;

/** `codeq loadtest run`. */
export function runCommand(io: LoadtestIo): Command {
  const command = new Command("run").description("run one scenario, with the k6 on PATH");
  command.argument("<scenario>", "01 to 06", scenarioNamed);
  command.argument("[k6-arguments...]", "behind --, passed on to `k6 run`");
  command.option(
    "--target <url>",
    "a server that runs; without it one is started on the loopback address, with a data directory that goes away",
    targetUrl,
  );
  command.addHelpText("after", RUN_HELP);
  return command.action(async (scenario: Scenario, k6Args: readonly string[], options: RunOptions) =>
    io.setExitCode(await run(scenario, k6Args, options, io)),
  );
}

interface RunOptions {
  readonly target?: string;
}

/** @returns the exit code */
async function run(
  scenario: Scenario,
  k6Args: readonly string[],
  options: RunOptions,
  { env, warn }: LoadtestIo,
): Promise<number> {
  const k6 = Bun.which("k6", { PATH: env["PATH"] ?? "" });
  if (k6 === null) {
    warn(`codeq: there is no k6 on PATH; with Go, this installs the one the scenarios are made for:\n\n`);
    warn(`  go install ${K6_MODULE} && export PATH="$PATH:$(go env GOPATH)/bin"\n\n`);
    return FAILED;
  }
  const complaint = complaintAboutReportPlace(env["SUMMARY_DIR"]);
  if (complaint !== undefined) {
    warn(`codeq: ${complaint}\n`);
    return USAGE;
  }
  const left = removeLeftovers();
  if (left > 0) warn(`codeq: removed what ${left} killed ${left === 1 ? "run" : "runs"} left behind\n`);
  using signals = new SignalRelay();
  using directory = new RunDirectory();
  const common = { k6, scenario, k6Args, env, directory, signals };
  if (options.target !== undefined) return await runScenario({ ...common, target: options.target });
  await using server = await LocalServer.start(directory, env);
  if (server === undefined) {
    warn("codeq: the server of this run's own did not start\n");
    return FAILED;
  }
  warn(`codeq: a server of this run's own listens on ${server.url}\n`);
  return await runScenario({ ...common, target: server.url });
}

/** k6 would say so at the end, when an hour's figures are lost, and exit as if nothing was wrong. */
function complaintAboutReportPlace(given: string | undefined): string | undefined {
  const place = given === undefined || given.trim() === "" ? "." : given.trim();
  try {
    if (!statSync(place).isDirectory()) return `the report cannot be written: SUMMARY_DIR ${place} is not a directory`;
    accessSync(place, constants.W_OK);
    return undefined;
  } catch (error) {
    return `the report cannot be written into SUMMARY_DIR: ${fileErrorMessage(error)}`;
  }
}

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find(({ number, file }) =>
    [number, String(Number(number)), file, file.slice(0, -3)].includes(name),
  );
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Must be one of ${SCENARIOS.map(({ number }) => number).join(", ")}.`);
}

function targetUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url !== null && ["http:", "https:"].includes(url.protocol) && url.search + url.hash === "") return text.trim();
  throw new InvalidArgumentError("Must be the URL of a server, such as https://queue.example.org.");
}

const RUN_HELP = `
The scenario's variables (codeq loadtest list), CODEQ_COMMANDS, CODEQ_PRODUCER_TOKEN, CODEQ_WORKER_TOKEN and those of k6
itself are passed on. A server that is started takes its settings from the variables of codeq serve.

Example: RATE=200 DURATION=30s codeq loadtest run 01

The exit code is that of k6: 0 passed, 99 a verdict failed, 105 interrupted by a signal, 107 no verdict was possible. It is 1
when there is no k6 or the server of the run did not start, and 2 when an argument or SUMMARY_DIR is wrong.
`;
