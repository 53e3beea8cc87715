import { baselineVerdict } from "./compare/baseline-check.ts";
import { BENCH_EXIT_CODES } from "./exit-codes.ts";
import { type ReportFlags, writeReports } from "./report/report-output.ts";
import type { BenchResult } from "./result.ts";

export interface Publishing {
  readonly flags: ReportFlags;
  /** What to hold the result against. */
  readonly baseline: BenchResult | undefined;
  /** For standard output, when no other report takes it. */
  readonly text: string;
  readonly print: (text: string) => void;
  /** To standard error. */
  readonly warn: (text: string) => void;
}

/**
 * Writes the reports and says how the run went.
 * @returns the exit code
 * @throws ResultFileError for a report that could not be written
 */
export async function publishResult(result: BenchResult, publishing: Publishing): Promise<number> {
  const { flags, baseline, text, print, warn } = publishing;
  await writeReports(result, text, flags, print);
  const code = exitCodeOf(result);
  if (baseline === undefined || code !== BENCH_EXIT_CODES.ok.code) return code;
  const verdict = baselineVerdict(baseline, result);
  // A report on standard output must stay one that a program can read.
  const taken = flags.json === "-" || flags.markdown === true;
  (taken ? warn : print)(verdict.text);
  return verdict.exitCode;
}

function exitCodeOf(result: BenchResult): number {
  const kinds = new Set(result.points.flatMap(({ runs }) => runs.map(({ verdict }) => verdict.kind)));
  if (kinds.has("broken")) return BENCH_EXIT_CODES.ledgerViolation.code;
  if (kinds.has("server-died")) return BENCH_EXIT_CODES.serverDied.code;
  if (kinds.has("unusable")) return BENCH_EXIT_CODES.invalidRun.code;
  if (result.outcome === "interrupted") return BENCH_EXIT_CODES.interrupted.code;
  return BENCH_EXIT_CODES.ok.code;
}
