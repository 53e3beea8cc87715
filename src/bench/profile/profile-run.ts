import { join } from "node:path";
import { figure } from "../report/figures.ts";
import type { PointPlan } from "../run/point-plan.ts";
import { runPoint } from "../run/run-point.ts";
import type { RunSettings } from "../run/run-settings.ts";

/** Enough samples to see where the time goes. */
const WINDOW_MS_MAX = 10_000;

/**
 * Measures a point once more, on a server that profiles itself in the window. The profiler takes some of the server's
 * speed, which is why this run is none of those that count.
 * @returns for people: where the profile is, or why there is none
 */
export async function profileRun(plan: PointPlan, settings: RunSettings, directory: string): Promise<string> {
  const { parameters } = settings;
  const durationMs = Math.min(parameters.durationMs, WINDOW_MS_MAX);
  const profiled = { ...settings, profileDir: directory, parameters: { ...parameters, durationMs } };
  const { verdict, measures } = await runPoint(plan, profiled, parameters.seed);
  if (measures === undefined) return `no profile of ${plan.name}: ${verdict.reasons.join("; ")}\n`;
  const rate = `${figure(Math.round(measures.rate))} ${plan.unit} under the profiler, in a run that does not count`;
  const files = ["top.txt", "flame.html", "server.cpuprofile", "server.heapsnapshot", "gc.log", "loop-delay.json"];
  return `profile of ${plan.name} (${rate}):\n${files.map((name) => `  ${join(directory, name)}\n`).join("")}`;
}
