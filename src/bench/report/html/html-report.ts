import type { BenchResult, Point } from "../../result.ts";
import { costFacts } from "../cost-facts.ts";
import { figure } from "../figures.ts";
import { LATENCY_COLUMNS, latencyRows } from "../latency-table.ts";
import { mainPoint, rateSpread, validMeasures } from "../point-summary.ts";
import { pointTable } from "../point-table.ts";
import {
  buildFacts,
  headlineFact,
  ledgerFacts,
  machineFacts,
  parameterFacts,
  remarkLines,
  verdictLine,
} from "../result-facts.ts";
import type { Column } from "../text-table.ts";
import { type Markup, markup } from "./markup.ts";
import { barSection, chartSection, factSection, page, scrollingTable } from "./page-parts.ts";
import { isSweep, resultCharts } from "./result-charts.ts";

/** As `--html` writes it: one page that needs no network, with the verdict before any number. */
export function htmlReport(result: BenchResult): string {
  const { columns, rows } = pointTable(result);
  const extras = result.points.flatMap(extraRows);
  const latencies = result.points.flatMap(latencyRows);
  return page(`codeq bench ${result.scenario}`, [
    header(result),
    ...(isSweep(result) ? [] : comparedRates(result)),
    ...resultCharts(result).map(chartSection),
    ...(rows.length === 0 ? [] : [tableSection("Points", columns, rows)]),
    ...(extras.length === 0 ? [] : [tableSection("Measured by this scenario alone", EXTRA_COLUMNS, extras)]),
    ...(latencies.length === 0 ? [] : [tableSection("Latency of each operation", LATENCY_COLUMNS, latencies)]),
    markup`<div class="facts-grid">${[
      factSection("Parameters", parameterFacts(result)),
      factSection("Machine", machineFacts(result)),
      factSection("Build", buildFacts(result)),
      factSection("What the verdict rests on", ledgerFacts(result)),
      ...costSection(result),
    ]}</div>`,
  ]);
}

function header(result: BenchResult): Markup {
  const headline = headlineFact(result);
  const remarks = remarkLines(result);
  return markup`<header>
<h1>codeq bench ${result.scenario}</h1>
<p class="quiet">${result.machine.cpu}, ${result.machine.cores} cores, durability ${result.parameters.durability}, ${result.startedAt}</p>
<p class="verdict ${result.verdict}" role="status">${verdictLine(result)}</p>
${headline === undefined ? undefined : markup`<p class="headline">${headline[1]}</p><p class="quiet">${headline[0]}</p>`}
${remarks.length === 0 ? undefined : markup`<section><h2>To be read beside the numbers</h2><ul>${remarks.map((line) => markup`<li>${line}</li>`)}</ul></section>`}
</header>`;
}

function costSection(result: BenchResult): Markup[] {
  const point = mainPoint(result);
  return point === undefined ? [] : [factSection(`Where the time went, ${point.name}`, costFacts(point))];
}

/** Of points that are no sweep: sides of a comparison, one beside the other. */
function comparedRates({ points }: BenchResult): Markup[] {
  const bars = points.flatMap((point) => {
    const rate = rateSpread(point)?.median;
    if (rate === undefined) return [];
    return [{ name: point.name, value: rate, text: `${figure(Math.round(rate))} ${point.unit}` }];
  });
  return bars.length < 2 ? [] : [barSection("Rates", bars)];
}

function tableSection(title: string, columns: readonly Column[], rows: readonly (readonly string[])[]): Markup {
  return markup`<section><h2>${title}</h2>${scrollingTable(title, columns, rows)}</section>`;
}

const EXTRA_COLUMNS: readonly Column[] = [
  { title: "point", align: "left" },
  { title: "run", align: "right" },
  { title: "measure", align: "left" },
  { title: "value", align: "right" },
];

function extraRows(point: Point): string[][] {
  return validMeasures(point).flatMap(({ extras }, index) =>
    extras.map(({ name, value, unit }) => [point.name, String(index + 1), name, `${figure(value)} ${unit}`.trimEnd()]),
  );
}
