import { tmpdir } from "node:os";
import { parametersFor } from "../bench-flags-fixture.ts";
import type { Parameters } from "../result.ts";
import { profileFullCycle } from "../scenarios/profile-full-cycle.ts";
import type { PointPlan } from "./point-plan.ts";
import type { RunSettings } from "./run-settings.ts";

/** Test-only: the settings of a bench that nobody watches. */
export function runSettings(
  parameters: Partial<Parameters> = {},
  change: Partial<Omit<RunSettings, "parameters">> = {},
): RunSettings {
  return {
    parameters: { ...parametersFor(profileFullCycle), ...parameters },
    dataPlace: tmpdir(),
    token: "dev-token",
    serverFlags: [],
    watchesGarbage: false,
    target: undefined,
    profileDir: undefined,
    signal: new AbortController().signal,
    watch: { phase: () => undefined, progress: () => undefined },
    ...change,
  };
}

/** Test-only: a point of the whole cycle over streams, with parts of it replaced. */
export function pointPlan(change: Partial<PointPlan> = {}): PointPlan {
  return {
    name: "c=8",
    concurrency: 8,
    unit: "tasks/s",
    producers: { via: "stream", slots: 4, batch: 2, ratePerSecond: undefined, delays: undefined },
    workers: { via: "stream", slots: 8, batch: 3 },
    prefill: 0,
    afterwards: "drain",
    workerCeiling: false,
    ...change,
  };
}
