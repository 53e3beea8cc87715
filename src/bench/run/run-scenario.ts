import { median } from "../median.ts";
import { type BenchResult, type Build, type Machine, type Point, RESULT_VERSION, type Run } from "../result.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { plateauOf } from "./plateau.ts";
import type { PointPlan } from "./point-plan.ts";
import { runPoint } from "./run-point.ts";
import type { RunSettings } from "./run-settings.ts";

export interface ScenarioWatch {
  readonly runStarts: (plan: PointPlan, index: number, runs: number) => void;
  readonly runEnds: (plan: PointPlan, run: Run) => void;
}

export interface ScenarioOptions {
  readonly scenario: Scenario;
  readonly settings: RunSettings;
  readonly machine: Machine;
  readonly build: Build;
  readonly watch: ScenarioWatch;
}

/**
 * Measures every point of a scenario as often as asked, in an order of its own so that what changes with time (a machine
 * that grows hot, say) does not look like an effect of concurrency. Stops early when the server dies or the user says so.
 */
export async function runScenario(options: ScenarioOptions): Promise<BenchResult> {
  const { scenario, settings, machine, build, watch } = options;
  const { parameters, signal } = settings;
  const startedAt = new Date().toISOString();
  const plans = scenario.points(parameters);
  const runs = plans.map((): Run[] => []);
  const order = shuffled(
    Array.from({ length: parameters.repeat }, () => plans.keys().toArray()).flat(),
    parameters.seed,
  );
  for (const [index, place] of order.entries()) {
    const plan = plans[place];
    if (plan === undefined || signal.aborted) break;
    watch.runStarts(plan, index, order.length);
    const run = await runPoint(plan, settings, parameters.seed + index);
    runs[place]?.push(run);
    watch.runEnds(plan, run);
    if (run.verdict.kind === "interrupted" || run.verdict.kind === "server-died") break;
  }
  const points = plans.map((plan, place) => pointOf(plan, runs[place] ?? []));
  const outcome = signal.aborted ? "interrupted" : "complete";
  return {
    format: "codeq-bench",
    version: RESULT_VERSION,
    scenario: scenario.name,
    startedAt,
    endedAt: new Date().toISOString(),
    outcome,
    parameters,
    machine,
    build,
    points,
    plateau: plateauOf(points),
    verdict: verdictOf(points, outcome),
  };
}

/** A point with a run that cannot be relied on has no rate: what would its other runs prove? */
function pointOf({ name, concurrency, unit }: PointPlan, runs: readonly Run[]): Point {
  const sound = runs.every(({ verdict }) => verdict.kind === "valid" || verdict.kind === "interrupted");
  const rates = sound ? runs.flatMap(({ measures }) => measures?.rate ?? []) : [];
  const spread = { median: median(rates), minimum: Math.min(...rates), maximum: Math.max(...rates) };
  return { name, concurrency, unit, runs, rate: rates.length === 0 ? undefined : spread };
}

function verdictOf(points: readonly Point[], outcome: BenchResult["outcome"]): BenchResult["verdict"] {
  const verdicts = points.flatMap(({ runs }) => runs.map(({ verdict }) => verdict.kind));
  if (verdicts.some((kind) => kind !== "valid" && kind !== "interrupted")) return "invalid";
  return outcome === "interrupted" ? "partial" : "valid";
}

/** The same order for the same seed (Fisher and Yates, with a linear congruential generator). */
function shuffled(places: readonly number[], seed: number): number[] {
  const order = [...places];
  let state = seed >>> 0;
  for (let last = order.length - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
