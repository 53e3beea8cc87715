import { costFacts } from "./report/cost-facts.ts";
import { LATENCY_COLUMNS, latencyRows } from "./report/latency-table.ts";
import { mainPoint, shownInFull } from "./report/point-summary.ts";
import { pointTable } from "./report/point-table.ts";
import {
  buildFacts,
  type Fact,
  headlineFact,
  ledgerFacts,
  machineFacts,
  parameterFacts,
  remarkLines,
  verdictLine,
} from "./report/result-facts.ts";
import { terminalCurve } from "./report/terminal-curve.ts";
import { textTable } from "./report/text-table.ts";
import type { BenchResult } from "./result.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** What the terminal shows in the end. The verdict comes first: a run that is not valid has no numbers. */
export function terminalReport(result: BenchResult, scenario: Scenario): string {
  const { columns, rows } = pointTable(result);
  const sound = result.points.filter((point) => point.rate !== undefined);
  const headline = headlineFact(result);
  const latencies = shownInFull(result).flatMap(latencyRows);
  const best = mainPoint(result);
  const blocks = [
    [`codeq bench ${result.scenario}: ${verdictLine(result)}`, ...remarkLines(result).map((line) => `  ${line}`)],
    factLines([...ledgerFacts(result), ...parameterFacts(result), ...machineFacts(result), ...buildFacts(result)]),
    sound.flatMap((point) => scenario.lines(point, result.parameters)),
    sound.length === 0 ? [] : textTable(columns, rows),
    terminalCurve(result),
    latencies.length === 0 ? [] : textTable(LATENCY_COLUMNS, latencies),
    best === undefined ? [] : [`where the time went, ${best.name}:`, ...factLines(costFacts(best))],
    headline === undefined ? [] : [headline.join(": ")],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function factLines(facts: readonly Fact[]): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}
