import { BENCH_EXIT_CODES } from "../exit-codes.ts";
import { ResultFileError, readResult } from "../report/json-report.ts";
import type { BenchResult } from "../result.ts";
import { againstBaseline } from "./baseline.ts";
import { describeMismatch, mismatches, type Setting } from "./comparable.ts";

/** What a baseline says about a run: whether to fail it, and what to print. */
export interface BaselineVerdict {
  readonly exitCode: number;
  readonly text: string;
}

/**
 * The saved result a run will be held against, read before anything is measured.
 * @throws ResultFileError when it cannot be read, was not valid, or was measured under other conditions
 */
export async function openBaseline(path: string, setting: Setting): Promise<BenchResult> {
  const baseline = await readResult(path);
  if (baseline.verdict !== "valid")
    throw new ResultFileError(`${path} is no baseline: its verdict is ${baseline.verdict}`);
  const refused = mismatches(baseline, setting).find(({ kind }) => kind !== "system");
  const [there, here] = [baseline, setting].map(({ parameters }) => parameters.concurrency.join(", "));
  // The plateau of another sweep is another plateau.
  if (refused === undefined && baseline.plateau !== undefined && there !== here)
    throw new ResultFileError(`${path} is no baseline for this: its sweep has concurrency ${there}, this one ${here}`);
  if (refused === undefined) return baseline;
  const { kind, name, base, next } = refused;
  const label = kind === name ? name : `${kind}: ${name}`;
  throw new ResultFileError(`${path} is no baseline for this: ${label} is ${base} there and ${next} here`);
}

/** To be asked once a run was valid. */
export function baselineVerdict(baseline: BenchResult, result: BenchResult): BaselineVerdict {
  const { compared, regressed, lines } = againstBaseline(baseline, result);
  const system = mismatches(baseline, result).map((mismatch) => `note: ${describeMismatch(mismatch)}`);
  const { code } = !compared ? BENCH_EXIT_CODES.usage : regressed ? BENCH_EXIT_CODES.regression : BENCH_EXIT_CODES.ok;
  return { exitCode: code, text: `\n${[...lines, ...system].join("\n")}\n` };
}
