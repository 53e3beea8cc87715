import { percentChange } from "../report/figures.ts";
import type { BenchResult } from "../result.ts";
import { REGRESSION_SHARE } from "./compare-outcome.ts";
import { headlines } from "./headlines.ts";
import { judge } from "./judge.ts";
import { profileCommand } from "./profile-command.ts";

/** How a result stands to a saved one. */
export interface BaselineReport {
  /** Whether there was any rate to compare. */
  readonly compared: boolean;
  readonly regressed: boolean;
  /** For people: one line for each rate, and how to find out more after a regression. */
  readonly lines: readonly string[];
}

/**
 * Holds the rates a result is known by against those of a saved one: the plateau of a sweep, else each point. More than
 * 5 % under it is a regression, whatever chance has to do with it; how probable that is is said beside it.
 */
export function againstBaseline(baseline: BenchResult, result: BenchResult): BaselineReport {
  const lines: string[] = [];
  let [compared, regressed] = [false, false];
  const before = published(baseline);
  for (const { name, rate, rates } of published(result)) {
    const base = before.find((headline) => headline.name === name);
    if (base === undefined || base.rate === 0) {
      lines.push(`${name}: not in the baseline`);
      continue;
    }
    compared = true;
    const change = rate / base.rate - 1;
    const under = change < -REGRESSION_SHARE;
    regressed ||= under;
    const chance = rates.length > 0 && base.rates.length > 0 ? `, ${certainty(base.rates, rates)}` : "";
    lines.push(`${name}: ${percentChange(change)} against the baseline${chance}${under ? ": SLOWER" : ""}`);
  }
  if (regressed) lines.push(`to see where the time goes: ${profileCommand(result)}`);
  return { compared, regressed, lines };
}

interface Published {
  readonly name: string;
  readonly rate: number;
  readonly rates: readonly number[];
}

/** The rates as the report shows them: of the plateau, wherever it lies, or of each point. */
function published(result: BenchResult): Published[] {
  const { plateau } = result;
  if (plateau !== undefined) {
    return [{ name: "plateau", rate: plateau.rate, rates: headlines(result).flatMap(({ rates }) => rates) }];
  }
  return headlines(result).flatMap(({ name, rates }) => {
    const rate = result.points.find((point) => point.name === name)?.rate?.median;
    return rate === undefined ? [] : [{ name, rate, rates }];
  });
}

function certainty(base: readonly number[], next: readonly number[]): string {
  const { p, conclusion } = judge(base, next, "higher");
  switch (conclusion) {
    case "too-few-runs":
      return "too few runs to tell this from chance";
    case "no-difference":
      return `which may be chance (p = ${p.toFixed(3)})`;
    case "better":
    case "worse":
      return `which is more than chance (p = ${p.toFixed(3)})`;
  }
}
