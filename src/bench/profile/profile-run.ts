import { join } from "node:path";
import { figure } from "../report/figures.ts";
import { mainPoint } from "../report/point-summary.ts";
import type { BenchResult } from "../result.ts";
import type { PointPlan } from "../run/point-plan.ts";
import { runPoint } from "../run/run-point.ts";
import type { RunSettings } from "../run/run-settings.ts";
import type { Scenario } from "../scenarios/scenario.ts";

export interface ProfileRun {
  readonly scenario: Scenario;
  readonly settings: RunSettings;
  /** What was measured before. */
  readonly result: BenchResult;
  /** Where the profile goes; undefined when none is wanted. */
  readonly directory: string | undefined;
  /** Is told before it begins. */
  readonly starts: (plan: PointPlan) => void;
}

/**
 * Measures the best point once more, on a server that profiles itself in the window. The profiler takes some of the
 * server's speed, which is why this run is none of those that count.
 * @returns for people: where the profile is, or why there is none; empty when none is wanted
 */
export async function profileBestPoint({ scenario, settings, result, directory, starts }: ProfileRun): Promise<string> {
  const { target, signal, parameters } = settings;
  if (directory === undefined || result.verdict !== "valid" || signal.aborted) return "";
  if (target !== undefined) return "no profile: only a server that the bench itself started can be profiled\n";
  const plan = scenario.points(parameters).find(({ name }) => name === mainPoint(result)?.name);
  if (plan === undefined) return "";
  starts(plan);
  return await profileRun(plan, settings, directory);
}

/** Enough samples to see where the time goes. */
const WINDOW_MS_MAX = 10_000;

async function profileRun(plan: PointPlan, settings: RunSettings, directory: string): Promise<string> {
  const { parameters } = settings;
  const durationMs = Math.min(parameters.durationMs, WINDOW_MS_MAX);
  const profiled = { ...settings, profileDir: directory, parameters: { ...parameters, durationMs } };
  const { verdict, measures } = await runPoint(plan, profiled, parameters.seed);
  if (measures === undefined) return `no profile of ${plan.name}: ${verdict.reasons.join("; ")}\n`;
  const rate = `${figure(Math.round(measures.rate))} ${plan.unit} under the profiler, in a run that does not count`;
  const files = ["top.txt", "flame.html", "server.cpuprofile", "server.heapsnapshot", "gc.log", "loop-delay.json"];
  return `profile of ${plan.name} (${rate}):\n${files.map((name) => `  ${join(directory, name)}\n`).join("")}`;
}
