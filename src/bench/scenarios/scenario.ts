import type { Parameters, Point } from "../result.ts";
import type { PointPlan } from "../run/point-plan.ts";

/** What can be measured, under one name. */
export interface Scenario {
  readonly name: string;
  /** One line for `codeq bench list`. */
  readonly summary: string;
  /** What its flags are when they are not given; those that are absent here do not apply to it. */
  readonly defaults: ScenarioDefaults;
  readonly points: (parameters: Parameters) => readonly PointPlan[];
  /** The server tells of its garbage collections, which costs it a little. */
  readonly watchesGarbage?: true;
  /** It is there to show where the server's time goes: a profile is taken in any case. */
  readonly profiles?: true;
  /** The lines that scripts written for the earlier harness look for; only for valid points. */
  readonly lines: (point: Point, parameters: Parameters) => readonly string[];
}

export interface ScenarioDefaults {
  readonly batch?: number;
  readonly producerBatch?: number;
  /** Several make a sweep. */
  readonly concurrency: readonly number[];
  readonly producers?: number;
  readonly prefill?: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  /** Whether `--rate` makes sense. */
  readonly openModel: boolean;
}

export const SWEEP: readonly number[] = [1, 4, 16, 32, 64, 128, 256, 512];
