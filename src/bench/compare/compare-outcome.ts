import { BENCH_EXIT_CODES } from "../exit-codes.ts";
import { percentChange } from "../report/figures.ts";
import type { BenchResult } from "../result.ts";
import type { Comparison } from "./comparison.ts";
import { type Crossing, crossings, type FailOn } from "./fail-on.ts";

/** What a comparison comes to. */
export interface CompareOutcome {
  readonly exitCode: number;
  /** One line each. */
  readonly reasons: readonly string[];
}

/** How much slower the rate a result is known by may be. */
export const REGRESSION_SHARE = 0.05;

/**
 * Runs that were not valid come first: there is nothing to compare them by. Then the limits given, and without any, a
 * rate more than 5 % lower that chance does not explain.
 */
export function compareOutcome(comparison: Comparison, limits: readonly FailOn[]): CompareOutcome {
  for (const [role, result] of [["base", comparison.base] as const, ["new", comparison.next] as const]) {
    const invalid = invalidRuns(result, role);
    if (invalid !== undefined) return invalid;
  }
  if (limits.length > 0) {
    const crossed = crossings(comparison, limits);
    const { code } = crossed.length > 0 ? BENCH_EXIT_CODES.threshold : BENCH_EXIT_CODES.ok;
    return { exitCode: code, reasons: crossed.map(describeCrossing) };
  }
  const slower = comparison.headlines.flatMap(({ name, shift, conclusion }) => {
    if (shift === undefined || shift.estimate >= -REGRESSION_SHARE || conclusion === "no-difference") return [];
    return [`${name}: rate ${percentChange(shift.estimate)}${unproven(conclusion !== "too-few-runs")}`];
  });
  const { code } = slower.length > 0 ? BENCH_EXIT_CODES.regression : BENCH_EXIT_CODES.ok;
  return { exitCode: code, reasons: slower };
}

/** The worst of what makes a result invalid; runs that were cut short are only missing. */
function invalidRuns(result: BenchResult, role: string): CompareOutcome | undefined {
  const codes = [
    ["broken", BENCH_EXIT_CODES.ledgerViolation],
    ["server-died", BENCH_EXIT_CODES.serverDied],
    ["unusable", BENCH_EXIT_CODES.invalidRun],
  ] as const;
  for (const [kind, { code }] of codes) {
    for (const { name, runs } of result.points) {
      const run = runs.find(({ verdict }) => verdict.kind === kind);
      if (run === undefined) continue;
      const reason = run.verdict.reasons[0] ?? kind;
      return { exitCode: code, reasons: [`the ${role} result is invalid at ${name}: ${reason}`] };
    }
  }
  return undefined;
}

function describeCrossing({ limit, row, proven }: Crossing): string {
  const change = row.shift === undefined ? "" : percentChange(row.shift.estimate);
  return `${limit.text} is crossed at ${row.point}: ${change}${unproven(proven)}`;
}

function unproven(proven: boolean): string {
  return proven ? "" : " (too few runs to tell this from chance)";
}
