import type { Fact } from "../result-facts.ts";
import type { Column } from "../text-table.ts";
import { type Chart, chartRows } from "./chart.ts";
import { CHART_SIZES, drawChart, SERIES_STYLES } from "./draw-chart.ts";
import { Markup, markup } from "./markup.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** What a page has beyond the common look. */
export interface PageExtras {
  readonly style: string;
  /** Runs once the page is read. */
  readonly script: string;
}

/** A whole page that needs nothing from anywhere else, and may load and run nothing but what it was made with. */
export function page(title: string, content: readonly Markup[], extras?: PageExtras): string {
  const style = new Markup(PAGE_STYLE + (extras?.style ?? ""));
  const script = extras === undefined ? undefined : markup`<script>${new Markup(extras.script)}</script>`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:${scriptPolicy(extras)}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style>
</head>
<body><main>
${content.map((part) => markup`${part}\n`)}</main>${script}</body>
</html>
`.text;
}

/** Only this very script. */
function scriptPolicy(extras: PageExtras | undefined): Markup | undefined {
  if (extras === undefined) return undefined;
  const hash = new Bun.CryptoHasher("sha256").update(extras.script).digest("base64");
  return new Markup(`; script-src 'sha256-${hash}'`);
}

/** A chart with its legend, in every size it is drawn in, and its values as a table. */
export function chartSection(chart: Chart): Markup {
  const { columns, rows } = chartRows(chart);
  const titles = columns.map((title, index): Column => ({ title, align: index === 0 ? "left" : "right" }));
  return markup`<section id="${chart.id}">
<h2>${chart.title}</h2>
<p class="quiet">${chart.description}</p>
${chart.series.length > 1 ? legend(chart) : undefined}
${CHART_SIZES.map((size) => drawChart(chart, size))}
<details><summary>The values as a table</summary>${scrollingTable(chart.title, titles, rows)}</details>
</section>`;
}

/** A table that scrolls by itself where it is wider than the page, also by keyboard. */
export function scrollingTable(name: string, columns: readonly Column[], rows: readonly (readonly string[])[]): Markup {
  const classOf = (index: number): string => (columns[index]?.align === "right" ? "right" : "left");
  return markup`<div class="scroll" role="region" aria-label="${name}" tabindex="0"><table>
<thead><tr>${columns.map(({ title }, index) => markup`<th scope="col" class="${classOf(index)}">${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map((cell, index) => markup`<td class="${classOf(index)}">${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

export function factSection(title: string, facts: readonly Fact[]): Markup {
  return markup`<section><h2>${title}</h2><dl>${facts.map(
    ([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`,
  )}</dl></section>`;
}

/** Values side by side, each with its length. */
export function barSection(
  title: string,
  bars: readonly { readonly name: string; readonly value: number; readonly text: string }[],
): Markup {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  return markup`<section><h2>${title}</h2><div class="bars">${bars.map(
    ({ name, value, text }) =>
      markup`<div><span>${name}</span><span>${text}</span><div class="track"><div class="bar" style="width: ${((100 * value) / longest).toFixed(1)}%"></div></div></div>\n`,
  )}</div></section>`;
}

function legend({ series }: Chart): Markup {
  return markup`<ul class="legend">${series.map(
    ({ name }, index) =>
      markup`<li><svg class="series s${index % SERIES_STYLES}" viewBox="0 0 28 10" aria-hidden="true"><line x1="0" x2="28" y1="5" y2="5"/></svg>${name}</li>`,
  )}</ul>`;
}
