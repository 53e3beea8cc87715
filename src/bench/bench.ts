import type { BenchFlags } from "./bench-flags.ts";
import { parametersOf } from "./bench-flags.ts";
import type { BenchIo } from "./bench-io.ts";
import { openBaseline } from "./compare/baseline-check.ts";
import { BENCH_EXIT_CODES } from "./exit-codes.ts";
import { buildFingerprint, machineFingerprint } from "./fingerprint.ts";
import { LiveLine } from "./live-line.ts";
import { type ProfileFlags, profileDirectoryOf } from "./profile/profile-flags.ts";
import { profileBestPoint } from "./profile/profile-run.ts";
import { publishResult } from "./publish-result.ts";
import { ResultFileError } from "./report/json-report.ts";
import { checkReportFiles, type ReportFlags } from "./report/report-output.ts";
import { runScenario } from "./run/run-scenario.ts";
import type { RunSettings, RunWatch, TargetPorts } from "./run/run-settings.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { diskPlace, removeLeftovers } from "./target/data-dir.ts";
import { GC_LOG_ENV } from "./target/gc-log.ts";
import { complaintAboutServerFlags } from "./target/server-flags.ts";
import { ServerView } from "./target/server-view.ts";
import { terminalReport } from "./terminal-report.ts";

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
  const left = removeLeftovers(flags.dataDir);
  if (left > 0) io.warn(`removed what ${left} killed ${left === 1 ? "run" : "runs"} left behind\n`);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    checkReportFiles(flags);
    const live = new LiveLine(io, io.isTerminal);
    const silent: RunWatch = { phase: () => undefined, progress: () => undefined };
    const settings: RunSettings = {
      parameters: parametersOf(flags),
      dataPlace: flags.dataDir,
      token: flags.token,
      serverFlags: flags.serverFlags,
      serverEnv: scenario.watchesGarbage === true ? GC_LOG_ENV : {},
      target,
      profileDir: undefined,
      signal: interrupt.signal,
      watch: flags.quiet ? silent : live,
    };
    const version = target === undefined ? undefined : await versionOf(target, flags.token);
    const machine = machineFingerprint(flags.dataDir ?? diskPlace());
    const setting = { scenario: scenario.name, machine, parameters: settings.parameters };
    const baseline = flags.baseline === undefined ? undefined : await openBaseline(flags.baseline, setting);
    const build = await buildFingerprint(version);
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
    const lines = await profileBestPoint({ scenario, settings, result, directory: profileDirectoryOf(flags), starts });
    watch.runEnds();
    io.warn(lines);
    if (interrupt.signal.aborted) io.setExitCode(BENCH_EXIT_CODES.interrupted.code);
  } catch (error) {
    if (!(error instanceof ResultFileError)) throw error;
    refuse(error.message);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
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

function versionOf({ httpUrl }: TargetPorts, token: string): Promise<{ version: string; commit: string }> {
  return new ServerView({ httpUrl, token, command: "" }).version();
}
