import { bytes, figure, milliseconds, percentChange } from "../report/figures.ts";
import { type Column, markdownTable, textTable } from "../report/text-table.ts";
import type { BenchResult } from "../result.ts";
import { describeMismatch } from "./comparable.ts";
import type { ComparedMeasure } from "./compared-measures.ts";
import type { Comparison, ComparisonRow } from "./comparison.ts";
import { type Conclusion, type Judgement, SIGNIFICANCE } from "./judge.ts";

export interface ComparisonTextOptions {
  readonly form: "text" | "markdown";
  /** Every measure at every point, whether it differs or not. */
  readonly all: boolean;
}

/** For people: the rates first, then what else differs, then how far to believe it. */
export function describeComparison(comparison: Comparison, { form, all }: ComparisonTextOptions): string {
  const table = form === "markdown" ? markdownTable : textTable;
  const { rows, mismatches, unmatched } = comparison;
  const shown = rows.filter(({ measure, conclusion }) => {
    return all || measure.name === "rate" || (measure.prominent && differs(conclusion));
  });
  const lines = [...title(comparison, form), ""];
  if (mismatches.length > 0) {
    lines.push(strong("These results were not made under the same conditions:", form), "");
    lines.push(...mismatches.map((mismatch) => `- ${describeMismatch(mismatch)}`), "");
  }
  lines.push(...table(HEADLINE_COLUMNS, comparison.headlines.map(headlineCells)), "");
  if (shown.length > 0) lines.push(...table(ROW_COLUMNS, shown.map(rowCells)), "");
  lines.push(
    ...remarks(
      rows,
      rows.filter((row) => !shown.includes(row)),
    ),
  );
  if (unmatched.length > 0) lines.push(`Not compared, since not measured in both: ${unmatched.join(", ")}.`);
  return `${lines.join("\n")}\n`;
}

/** What a conclusion is called beside a rate or another measure. */
const WORDS: Readonly<Record<Conclusion, string>> = {
  better: "better",
  worse: "worse",
  "no-difference": "no difference",
  "too-few-runs": "too few runs to tell",
};

/** A value in its unit. */
function measured(value: number, unit: ComparedMeasure["unit"]): string {
  switch (unit) {
    case "perSecond":
      return figure(Math.round(value));
    case "ms":
      return milliseconds(value);
    case "bytes":
      return bytes(value);
    case "seconds":
      return `${figure(value)} s`;
  }
}

const JUDGEMENT_COLUMNS: readonly Column[] = [
  { title: "base", align: "right" },
  { title: "new", align: "right" },
  { title: "change", align: "right" },
  { title: "interval", align: "right" },
  { title: "p", align: "right" },
  { title: "runs", align: "right" },
  { title: "", align: "left" },
];
const HEADLINE_COLUMNS: readonly Column[] = [{ title: "rate", align: "left" }, ...JUDGEMENT_COLUMNS];
const ROW_COLUMNS: readonly Column[] = [
  { title: "point", align: "left" },
  { title: "measure", align: "left" },
  ...JUDGEMENT_COLUMNS,
];

function headlineCells(headline: Comparison["headlines"][number]): string[] {
  return [`${headline.name} (${headline.unit})`, ...judgementCells(headline, "perSecond")];
}

function rowCells(row: ComparisonRow): string[] {
  return [row.point, row.measure.name, ...judgementCells(row, row.measure.unit)];
}

function judgementCells(judgement: Judgement, unit: ComparedMeasure["unit"]): string[] {
  const { baseMedian, nextMedian, shift, p, baseRuns, nextRuns, conclusion } = judgement;
  const interval =
    shift === undefined || shift.confidence === 0
      ? "–"
      : `${percentChange(shift.low)} … ${percentChange(shift.high)} at ${Math.round(shift.confidence * 100)} %`;
  return [
    measured(baseMedian, unit),
    measured(nextMedian, unit),
    shift === undefined ? "–" : percentChange(shift.estimate),
    interval,
    p < 0.001 ? "<0.001" : p.toFixed(3),
    `${baseRuns} + ${nextRuns}`,
    WORDS[conclusion],
  ];
}

function title({ base, next }: Comparison, form: ComparisonTextOptions["form"]): string[] {
  const name = base.scenario === next.scenario ? base.scenario : `${base.scenario} and ${next.scenario}`;
  return [
    form === "markdown" ? `### codeq bench compare: ${name}` : name,
    "",
    `${form === "markdown" ? "- " : ""}base: ${origin(base)}`,
    `${form === "markdown" ? "- " : ""}new:  ${origin(next)}`,
  ];
}

function origin({ build, startedAt, machine, parameters, outcome }: BenchResult): string {
  const { shards, batch, producerBatch, durability, durationMs } = parameters;
  const where = `${machine.cpu}, ${machine.cores} cores`;
  const what = `durability ${durability}, shards ${shards ?? "unknown"}, batch ${batch}, producer batch ${producerBatch}`;
  const cut = outcome === "interrupted" ? ", interrupted" : "";
  return `codeq ${build.serverVersion} (${build.serverCommit.slice(0, 12)}), ${startedAt}${cut}; ${where}; ${what}; ${milliseconds(durationMs)} a run`;
}

function remarks(rows: readonly ComparisonRow[], hidden: readonly ComparisonRow[]): string[] {
  const judged = rows.filter(({ conclusion }) => conclusion !== "too-few-runs").length;
  const lines: string[] = [];
  if (hidden.length > 0) {
    const differing = hidden.filter(({ conclusion }) => differs(conclusion)).length;
    const found = differing === 0 ? "none differs beyond chance" : `${differing} differ`;
    lines.push(`Not shown: ${hidden.length} measures, of which ${found} (--all shows them).`);
  }
  if (judged > 0) {
    const chance = Math.round(judged * SIGNIFICANCE);
    lines.push(
      `Two-sided Mann-Whitney test at ${SIGNIFICANCE * 100} %: of ${judged} comparisons about ${chance} differ by chance alone.`,
    );
  }
  if (judged < rows.length) {
    lines.push("Four runs on each side are the fewest that can tell a difference from chance: use --repeat 4 or more.");
  }
  return lines;
}

function differs(conclusion: Conclusion): boolean {
  return conclusion === "better" || conclusion === "worse";
}

function strong(text: string, form: ComparisonTextOptions["form"]): string {
  return form === "markdown" ? `**${text}**` : text;
}
