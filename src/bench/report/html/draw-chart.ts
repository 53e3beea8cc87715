import type { Chart, Series, SeriesPoint } from "./chart.ts";
import { type Markup, markup } from "./markup.ts";
import { linearTicks, logTicks } from "./ticks.ts";

/** One of the sizes a chart is drawn in; the page shows the one that fits. In pixels of the drawing. */
export interface ChartSize {
  readonly name: "wide" | "narrow";
  readonly width: number;
  readonly height: number;
  /** Marks on the x axis that have room beside each other. */
  readonly xTicksMax: number;
}

export const CHART_SIZES: readonly ChartSize[] = [
  { name: "wide", width: 720, height: 300, xTicksMax: 10 },
  { name: "narrow", width: 340, height: 240, xTicksMax: 5 },
];

/** A line chart as SVG, one line for each series, with its title and description for those who cannot see it. */
export function drawChart(chart: Chart, size: ChartSize): Markup {
  const { id, title, description, series } = chart;
  const plot = plotOf(chart, size);
  const key = `${id}-${size.name}`;
  return markup`<svg class="chart ${size.name}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${key}-title ${key}-text">
<title id="${key}-title">${title}</title><desc id="${key}-text">${description}</desc>
${highlight(chart, plot)}${yAxis(chart, plot)}${xAxis(chart, plot)}
${series.map((each, index) => drawSeries(each, index, chart, plot))}
</svg>`;
}

/** Where values land in the drawing. */
interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

const MARGIN = { left: 62, right: 16, top: 32, bottom: 40 };

function plotOf(chart: Chart, { width, height, xTicksMax }: ChartSize): Plot {
  const points = chart.series.flatMap((series) => series.points);
  const [left, right] = [MARGIN.left, width - MARGIN.right];
  const [top, bottom] = [MARGIN.top, height - MARGIN.bottom];
  const xs = points.length === 0 ? [0, 1] : points.map((point) => point.x);
  const [xLow, xHigh] = [Math.min(...xs), Math.max(...xs)];
  const xTicks = thinned(chart.x.ticks ?? linearTicks(xLow, xHigh, xTicksMax), xTicksMax);
  const xRange = [Math.min(xLow, ...xTicks), Math.max(xHigh, ...xTicks)] as const;
  const yTicks = chart.y.ticks ?? ticksOf(chart, points);
  const yRange = [yTicks[0] ?? 0, yTicks.at(-1) ?? 1] as const;
  const yScale = chart.y.scale === "log" ? Math.log10 : (value: number): number => value;
  const across = placing(xRange[0], xRange[1], left, right);
  const up = placing(yScale(yRange[0]), yScale(yRange[1]), bottom, top);
  const clamped = (value: number): number => Math.min(Math.max(value, yRange[0]), yRange[1]);
  return { left, right, top, bottom, xTicks, yTicks, x: across, y: (value) => up(yScale(clamped(value))) };
}

function ticksOf(chart: Chart, points: readonly SeriesPoint[]): number[] {
  const highest = Math.max(...points.map(({ y, high }) => high ?? y), 0);
  if (chart.y.scale === "linear") return linearTicks(0, highest, 5);
  const positive = points.map(({ y, low }) => low ?? y).filter((value) => value > 0);
  return positive.length === 0 ? [1, 10] : logTicks(Math.min(...positive), highest);
}

function placing(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = to - from;
  return (value) =>
    Math.round((span === 0 ? (start + end) / 2 : start + ((value - from) / span) * (end - start)) * 10) / 10;
}

/** Every n-th, so that there are at most so many; the last one is always among them. */
function thinned(ticks: readonly number[], max: number): number[] {
  const step = Math.ceil(ticks.length / max);
  return ticks.filter((_, index) => (ticks.length - 1 - index) % step === 0);
}

function highlight({ highlight: part }: Chart, { x, top, bottom, left, right }: Plot): Markup | undefined {
  if (part === undefined) return undefined;
  const [from, to] = [x(part.from), x(part.to)];
  // A single point is still to be seen.
  const pad = 8;
  // A label over an end of the chart stays within it.
  const half = (part.label.length * LABEL_CHAR_WIDTH) / 2;
  const labelX = Math.min(Math.max((from + to) / 2, left + half), right + pad - half);
  return markup`<rect class="highlight" x="${from - pad}" y="${top}" width="${to - from + 2 * pad}" height="${bottom - top}"/>
<text class="label" x="${labelX}" y="${top - 6}" text-anchor="middle">${part.label}</text>`;
}

/** Of the widest letters that a label has, in the units of the drawing. */
const LABEL_CHAR_WIDTH = 8;

function yAxis(chart: Chart, { left, right, top, yTicks, y }: Plot): Markup {
  const lines = yTicks.map(
    (tick) => markup`<line class="grid" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text class="tick" x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${chart.y.format(tick)}</text>`,
  );
  return markup`${lines}<text class="axis" x="4" y="${top - 16}">${chart.y.label}</text>`;
}

function xAxis(chart: Chart, { left, right, bottom, xTicks, x }: Plot): Markup {
  const marks = xTicks.map(
    (tick) => markup`<line class="mark" x1="${x(tick)}" x2="${x(tick)}" y1="${bottom}" y2="${bottom + 4}"/>
<text class="tick" x="${x(tick)}" y="${bottom + 17}" text-anchor="${x(tick) > right - 8 ? "end" : "middle"}">${chart.x.format(tick)}</text>`,
  );
  return markup`<line class="base" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>${marks}
<text class="axis" x="${(left + right) / 2}" y="${bottom + 34}" text-anchor="middle">${chart.x.label}</text>`;
}

/** More points than this are a line alone: dots would hide it. */
const DOTS_MAX = 40;

function drawSeries({ name, points }: Series, index: number, { x, y }: Chart, plot: Plot): Markup {
  const at = (point: SeriesPoint, value: number): string => `${plot.x(point.x)},${plot.y(value)}`;
  const spread = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  const outline = [
    ...spread.map((point) => at(point, point.high ?? point.y)),
    ...spread.toReversed().map((point) => at(point, point.low ?? point.y)),
  ];
  const dots = points.length > DOTS_MAX ? [] : points;
  return markup`<g class="series s${index % SERIES_STYLES}">
${spread.length > 1 ? markup`<polygon class="spread" points="${outline.join(" ")}"/>` : undefined}
<polyline points="${points.map((point) => at(point, point.y)).join(" ")}"/>
${dots.map(
  (point) =>
    markup`<circle cx="${plot.x(point.x)}" cy="${plot.y(point.y)}" r="3"><title>${name}, ${x.label} ${x.format(point.x)}: ${y.format(point.y)}</title></circle>`,
)}
</g>`;
}

/** How many series look different from each other, in colour and in dashes. */
export const SERIES_STYLES = 6;
