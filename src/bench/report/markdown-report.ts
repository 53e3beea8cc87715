import type { BenchResult } from "../result.ts";
import { LATENCY_COLUMNS, latencyRows } from "./latency-table.ts";
import { shownInFull } from "./point-summary.ts";
import { pointTable } from "./point-table.ts";
import {
  buildFacts,
  type Fact,
  headlineFact,
  ledgerFacts,
  machineFacts,
  parameterFacts,
  remarkLines,
  verdictLine,
} from "./result-facts.ts";
import { markdownTable } from "./text-table.ts";

/** As `--markdown` prints it, for a pull request. */
export function markdownReport(result: BenchResult): string {
  const headline = headlineFact(result);
  const remarks = remarkLines(result);
  const { columns, rows } = pointTable(result);
  const latencies = shownInFull(result).flatMap(latencyRows);
  const lines = [
    `### codeq bench ${result.scenario}`,
    "",
    `**${verdictLine(result)}**`,
    "",
    ...(headline === undefined ? [] : [`**${headline[1]}** (${headline[0]})`, ""]),
    ...(rows.length === 0 ? [] : [...markdownTable(columns, rows), ""]),
    ...(latencies.length === 0 ? [] : [...markdownTable(LATENCY_COLUMNS, latencies), ""]),
    ...(remarks.length === 0 ? [] : [...remarks.map((line) => `- ${line}`), ""]),
    ...details("Parameters, machine and build", [
      ...parameterFacts(result),
      ...machineFacts(result),
      ...buildFacts(result),
      ...ledgerFacts(result),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function details(summary: string, facts: readonly Fact[]): string[] {
  const columns = [
    { title: "", align: "left" },
    { title: "", align: "left" },
  ] as const;
  return [`<details><summary>${summary}</summary>`, "", ...markdownTable(columns, facts), "", "</details>"];
}
