import { write } from "node:fs";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { type Command, CommanderError, program } from "commander";
import { buildInfo } from "./build-info.ts";
import type { CommandIo } from "./server/commands/command-io.ts";
import { suggestion } from "./server/config/nearest.ts";
import { EXIT_CODES, StartError } from "./server/start-error.ts";

/** Commands are loaded when asked for: what one needs costs the others nothing. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; load(io: CommandIo): Promise<Command> }>> = {
  serve: {
    summary: "run the task queue server; also what `codeq` alone does",
    load: async (io) => (await import("./server/commands/serve-command.ts")).serveCommand(io),
  },
  bench: {
    summary: "measure how fast the queue is on this machine",
    load: async (io) => (await import("./bench/bench-command.ts")).benchCommand(io),
  },
  config: {
    summary: "show the effective configuration and where each value comes from",
    load: async (io) => (await import("./server/commands/config-command.ts")).configCommand(io),
  },
  version: {
    summary: "show the version and what it was built from",
    load: async (io) => (await import("./server/commands/version-command.ts")).versionCommand(io),
  },
  healthcheck: {
    summary: "exit 0 when the server is ready for work, else 1",
    load: async (io) => (await import("./server/commands/healthcheck-command.ts")).healthcheckCommand(io),
  },
  health: {
    summary: "the same as healthcheck",
    load: async (io) =>
      (await import("./server/commands/healthcheck-command.ts")).healthcheckCommand(io).name("health"),
  },
  loadtest: {
    summary: "run the k6 scenarios: load over HTTP, judged by what became of it",
    load: async (io) => (await import("./loadtest/loadtest-command.ts")).loadtestCommand(io),
  },
};

const DEFAULT_COMMAND = "serve";

const STDOUT = 1;
const STDERR = 2;
const writeBytes = promisify(write);

const io: CommandIo = {
  env: process.env,
  isTerminal: isatty(STDOUT),
  errorIsTerminal: isatty(STDERR),
  writeSome: async (bytes) => (await writeBytes(STDOUT, bytes)).bytesWritten,
  print: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
  setExitCode: (code) => {
    process.exitCode = code;
  },
  exit: (code) => process.exit(code),
};

process.exitCode = await run(process.argv.slice(2));

/** @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
  const [first = DEFAULT_COMMAND, second] = args;
  const named = first === "help" ? second : first.startsWith("-") ? DEFAULT_COMMAND : first;
  if (named !== undefined && !named.startsWith("-") && COMMANDS[named] === undefined && named !== "help") {
    const known = [...Object.keys(COMMANDS), "help"];
    const meant = suggestion(named, known);
    io.warn(`codeq: unknown command ${named}${meant === "" ? "." : meant} See codeq help.\n`);
    return EXIT_CODES.usage.code;
  }
  try {
    await (await programWith(named)).parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? EXIT_CODES.ok.code);
  } catch (error) {
    return report(error);
  }
}

/** The program with one command in full, the others by name and summary. */
async function programWith(wanted: string | undefined): Promise<Command> {
  program
    .name("codeq")
    .description("A durable task queue server")
    .version(buildInfo.version)
    .addHelpText("after", exitCodesText());
  program.exitOverride().configureOutput({ outputError: (text, write) => write(`codeq: ${oneLine(text)}`) });
  for (const [name, command] of Object.entries(COMMANDS)) {
    if (name !== wanted) program.command(name).description(command.summary);
    else program.addCommand(like(program, await command.load(io)), { isDefault: name === DEFAULT_COMMAND });
  }
  return program;
}

/** A command made elsewhere, and what is below it, fails and speaks like its parent. */
function like(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) like(command, below);
  return command;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code;
  if (error instanceof StartError) {
    io.warn(`codeq: ${error.message}\n`);
    return error.exitCode;
  }
  io.warn(`codeq: unexpected failure: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_CODES.failed.code;
}

function exitCodesText(): string {
  const rows = Object.values(EXIT_CODES).map(({ code, meaning }) => `  ${code}    ${meaning}\n`);
  return `\nExit codes:\n${rows.join("")}  130, 143  a second SIGINT or SIGTERM ended it at once\n`;
}

/** `error: unknown option '--prot'` and, on a second line, what may have been meant. */
function oneLine(text: string): string {
  return `${text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ")}\n`;
}
