import type { BenchFlags } from "./bench-flags.ts";
import { parametersOf } from "./bench-flags.ts";
import type { BenchIo } from "./bench-io.ts";
import { openBaseline } from "./compare/baseline-check.ts";
import { BENCH_EXIT_CODES } from "./exit-codes.ts";
import { buildFingerprint, machineFingerprint } from "./fingerprint.ts";
import { LiveLine } from "./live-line.ts";
import { checkedProfileDirectory, type ProfileFlags } from "./profile/profile-flags.ts";
import { profileBestPoint } from "./profile/profile-run.ts";
import { publishResult } from "./publish-result.ts";
import { checkReportFiles, type ReportFlags } from "./report/report-output.ts";
import { runScenario } from "./run/run-scenario.ts";
import type { RunSettings, RunWatch, TargetPorts } from "./run/run-settings.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { placeOfData, removeLeftovers } from "./target/data-dir.ts";
import { complaintAboutServerFlags } from "./target/server-flags.ts";
import { ServerView } from "./target/server-view.ts";
import { terminalReport } from "./terminal-report.ts";
import { UsageError } from "./usage-error.ts";

/** Measures one scenario and reports it. The exit code tells how it went. */
export async function bench(
  scenario: Scenario,
  flags: BenchFlags & ReportFlags & ProfileFlags,
  io: BenchIo,
): Promise<void> {
  const target = flags.target === undefined ? undefined : targetOf(flags.target);
  const refuse = (complaint: string): void => {
    io.warn(`codeq bench: ${complaint}\n`);
    io.setExitCode(BENCH_EXIT_CODES.usage.code);
  };
  if (target === "wrong") {
    return refuse(`--target ${flags.target} is not three URLs with commas between: HTTP, producer and worker stream`);
  }
  const complaint = await complaintAboutServerFlags(flags.serverFlags);
  if (complaint !== undefined) return refuse(complaint);
  const dataPlace = placeOfData(flags.dataDir);
  if (dataPlace === undefined) return refuse(`--data-dir ${flags.dataDir} is no directory`);
  const left = removeLeftovers(dataPlace);
  if (left > 0) io.warn(`removed what ${left} killed ${left === 1 ? "run" : "runs"} left behind\n`);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    checkReportFiles(flags);
    const profileDir = checkedProfileDirectory(flags);
    const live = new LiveLine(io, io.errorIsTerminal);
    const silent: RunWatch = { phase: () => undefined, progress: () => undefined };
    const seen = target === undefined ? undefined : await lookAt(target, flags.token);
    const settings: RunSettings = {
      parameters: { ...parametersOf(flags), ...seen?.parameters },
      dataPlace,
      token: flags.token,
      serverFlags: flags.serverFlags,
      watchesGarbage: scenario.watchesGarbage === true,
      target,
      profileDir: undefined,
      signal: interrupt.signal,
      watch: flags.quiet ? silent : live,
    };
    const machine = machineFingerprint(target === undefined ? dataPlace : undefined);
    const setting = { scenario: scenario.name, machine, parameters: settings.parameters };
    const baseline = flags.baseline === undefined ? undefined : await openBaseline(flags.baseline, setting);
    const build = await buildFingerprint(seen?.version);
    const watch = {
      runStarts: (plan: { readonly name: string; readonly unit: string }, index: number, runs: number): void =>
        live.begin(runs > 1 ? `${plan.name} (${index + 1} of ${runs})` : plan.name, plan.unit),
      runEnds: (): void => {
        if (!flags.quiet) live.clear();
      },
    };
    const result = await runScenario({ scenario, settings, machine, build, watch });
    const publishing = { flags, baseline, text: terminalReport(result, scenario), print: io.print, warn: io.warn };
    io.setExitCode(await publishResult(result, publishing));
    const starts = (plan: { readonly name: string; readonly unit: string }): void =>
      live.begin(`profile of ${plan.name}`, plan.unit);
    const lines = await profileBestPoint({ scenario, settings, result, directory: profileDir, starts });
    watch.runEnds();
    io.warn(lines);
    if (interrupt.signal.aborted) io.setExitCode(BENCH_EXIT_CODES.interrupted.code);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    refuse(error.message);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** `http://host:8080,http://host:9092,http://host:9091` */
function targetOf(text: string): TargetPorts | "wrong" {
  const [httpUrl, producerUrl, workerUrl, more] = text.split(",");
  if (httpUrl === undefined || producerUrl === undefined || workerUrl === undefined || more !== undefined)
    return "wrong";
  const urls = [httpUrl, producerUrl, workerUrl];
  return urls.every((url) => URL.canParse(url)) ? { httpUrl, producerUrl, workerUrl } : "wrong";
}

/**
 * What a running server says of itself; how many shards it has nobody tells.
 * @throws UsageError when it does not
 */
async function lookAt({ httpUrl }: TargetPorts, token: string) {
  const view = new ServerView({ httpUrl, token, command: "" });
  try {
    return { version: await view.version(), parameters: { durability: await view.durability(), shards: undefined } };
  } catch (error) {
    throw new UsageError(
      `--target ${httpUrl} cannot be measured: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Closing the terminal ends a run as Ctrl-C does. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
