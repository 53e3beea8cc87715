import { Command } from "commander";
import { banner, durabilityWarning, startFields } from "../banner.ts";
import { machineTime, schedule } from "../clock.ts";
import { authSecrets, authWarnings, chooseAuth, DEV_TOKEN } from "../config/auth-choice.ts";
import { addServerFlags, givenFlags } from "../config/flags.ts";
import { loadConfig } from "../config.ts";
import { createLog, type Log } from "../log.ts";
import { LogOutput } from "../log-output.ts";
import { startServer } from "../serve.ts";
import { EXIT_CODES } from "../start-error.ts";
import { messageOf } from "../start-failures.ts";
import type { CommandIo } from "./command-io.ts";

/** `codeq serve`: runs the server until a signal ends it. */
export function serveCommand(io: CommandIo): Command {
  const command = new Command("serve").description("run the task queue server");
  return addServerFlags(command).action(() => serve(givenFlags(command), io));
}

async function serve(flags: ReadonlyMap<string, unknown>, io: CommandIo): Promise<void> {
  const { config, warnings } = await loadConfig({ flags, env: io.env });
  const format = config.logFormat === "auto" ? (io.isTerminal ? "text" : "json") : config.logFormat;
  const output = new LogOutput(io.writeSome, schedule);
  const secrets = authSecrets(config).filter((secret) => secret !== DEV_TOKEN);
  const log = createLog({ level: config.logLevel, format, secrets, write: (line) => output.write(line) });
  exitOnBug(log, output, io);

  // Before anybody can know that the server is there, and so that a signal during a slow start is not lost either.
  const signalled = firstSignal(log, output, io);
  const server = await startServer(config, log);
  if (io.env["CODEQ_PROFILING"] === "ipc") await takeProfilesOnRequest();
  if (format === "text") output.write(banner(server.report));
  else log.info("listening", startFields(server.report));
  const durability = durabilityWarning(config.durability);
  const all = [
    ...warnings,
    ...authWarnings(config, chooseAuth(config)),
    ...(durability === undefined ? [] : [durability]),
  ];
  for (const warning of all) log.warn(warning);
  await signalled;
  await server.drain(config.shutdownGraceMs);
  log.info("drained");
  // Connections that outlived the grace period must not keep the process.
  await exitAfter(output, EXIT_CODES.ok.code, io);
}

const HEAP_SNAPSHOT_BYTES_MAX = 512 * 2 ** 20;

/** For `codeq bench`: the process that started this one says over its channel when a profile begins and ends. */
async function takeProfilesOnRequest(): Promise<void> {
  const { Profiling } = await import("../profiling.ts");
  const send = (reply: unknown): void => void process.send?.(reply);
  const { monotonicMs } = machineTime;
  const profiling = new Profiling({ monotonicMs, schedule, heapSnapshotBytesMax: HEAP_SNAPSHOT_BYTES_MAX, send });
  process.on("message", (message) => void profiling.receive(message));
}

/** Resolves at the first signal; a second one ends the process on the spot. */
function firstSignal(log: Log, output: LogOutput, io: CommandIo): Promise<void> {
  const { promise: signalled, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (signal: "SIGTERM" | "SIGINT", exitCode: number): void => {
    signals += 1;
    log.info(signals === 1 ? "draining" : "exiting at once", { signal });
    if (signals === 1) {
      resolve();
      return;
    }
    void exitAfter(output, exitCode, io);
  };
  process.on("SIGTERM", () => onSignal("SIGTERM", 143));
  process.on("SIGINT", () => onSignal("SIGINT", 130));
  return signalled;
}

/** After an error nobody expected nothing is known about the state in memory; what was acknowledged is on disk. */
function exitOnBug(log: Log, output: LogOutput, io: CommandIo): void {
  const onBug = (error: unknown): void => {
    log.error("unexpected failure, exiting", { reason: messageOf(error), stack: stackOf(error) });
    void exitAfter(output, EXIT_CODES.failed.code, io);
  };
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
}

async function exitAfter(output: LogOutput, exitCode: number, io: CommandIo): Promise<void> {
  await output.flush();
  io.exit(exitCode);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
