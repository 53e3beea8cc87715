import type { Histogram } from "../../histogram.ts";
import type { BenchResult, Moment, Point } from "../../result.ts";
import { figure, milliseconds } from "../figures.ts";
import { LATENCY_LABELS, latencySummaries, mainLatency, mainPoint, medianRun, rateSpread } from "../point-summary.ts";
import type { Chart, ChartAxis, Series } from "./chart.ts";

/** The charts of a result, in the order to show them; none of what was not measured or cannot be relied on. */
export function resultCharts(result: BenchResult): Chart[] {
  const main = mainPoint(result);
  const charts = [
    ...(isSweep(result) ? [rateCurve(result), latencyCurve(result)] : []),
    ...(main === undefined ? [] : [latencyDistribution(main), ...timeSeries(main)]),
  ];
  return charts.filter(({ series }) => series.some(({ points }) => points.length > 1));
}

/** Whether the points differ in concurrency, and not in what was measured. */
export function isSweep({ points }: BenchResult): boolean {
  const distinct = new Set(points.map(({ concurrency }) => concurrency));
  return points.length > 1 && distinct.size === points.length && new Set(points.map(({ unit }) => unit)).size === 1;
}

/** Concurrencies double, so that they stand at even distances by their logarithm. */
function concurrencyAxis(points: readonly Point[]): ChartAxis {
  return {
    label: "concurrency",
    format: (x) => String(Math.round(2 ** x)),
    ticks: points.map(({ concurrency }) => Math.log2(concurrency)),
  };
}

function rateCurve({ points, plateau }: BenchResult): Chart {
  const unit = points[0]?.unit ?? "tasks/s";
  const curve = points.flatMap((point) => {
    const rate = rateSpread(point);
    if (rate === undefined) return [];
    return [{ x: Math.log2(point.concurrency), y: rate.median, low: rate.minimum, high: rate.maximum }];
  });
  return {
    id: "rate",
    title: "Rate by concurrency",
    description: `The median rate of the runs at each concurrency, with lowest and highest around it${
      plateau === undefined ? "" : `; the plateau is set off, ${figure(Math.round(plateau.rate))} ${unit}`
    }.`,
    x: concurrencyAxis(points),
    y: { label: unit, format: (y) => figure(Math.round(y)), ticks: undefined, scale: "linear" },
    series: [{ name: "median", points: curve }],
    highlight:
      plateau === undefined
        ? undefined
        : {
            from: Math.log2(plateau.fromConcurrency),
            to: Math.log2(plateau.toConcurrency),
            label: `plateau ${figure(Math.round(plateau.rate))}`,
          },
  };
}

function latencyCurve({ points }: BenchResult): Chart {
  const summaries = points.map((point) => ({ x: Math.log2(point.concurrency), latency: mainLatency(point) }));
  const what = summaries.find(({ latency }) => latency !== undefined)?.latency?.name ?? "endToEnd";
  const series = [0.5, 0.9, 0.99, 0.999].map((share): Series => {
    const of = ({ x, latency }: (typeof summaries)[number]) =>
      latency?.name === what ? [{ x, y: latency.histogram.quantile(share) / 1000 }] : [];
    return { name: `p${share * 100}`, points: summaries.flatMap(of) };
  });
  return {
    id: "latency",
    title: `Latency by concurrency: ${LATENCY_LABELS[what]}`,
    description: "Percentiles over all runs at each concurrency, on a logarithmic scale.",
    x: concurrencyAxis(points),
    y: { label: "latency", format: milliseconds, ticks: undefined, scale: "log" },
    series,
    highlight: undefined,
  };
}

/** 0, 50, 90, 99 % and so on, each at as many tenfolds as values are left above it. */
const PERCENTILE_TICKS = [0, Math.log10(2), 1, 2, 3, 4, 5];
const TENFOLD_STEPS = 20;

function latencyDistribution(point: Point): Chart {
  const summaries = latencySummaries(point);
  const reach = Math.min(5, Math.log10(Math.max(10, ...summaries.map(({ histogram }) => histogram.total))));
  const ticks = PERCENTILE_TICKS.filter((tick) => tick <= reach);
  const grid = Array.from({ length: Math.floor(reach * TENFOLD_STEPS) + 1 }, (_, step) => step / TENFOLD_STEPS);
  const xs = [...new Set([...grid, ...ticks])].sort((a, b) => a - b);
  const values = (histogram: Histogram): Series["points"] =>
    xs.map((x) => ({ x, y: histogram.quantile(1 - 10 ** -x) / 1000 }));
  return {
    id: "distribution",
    title: `Latency distribution at ${point.name}`,
    description: "How long each operation took, by the share of operations that took no longer, on logarithmic scales.",
    x: { label: "percentile", format: percentile, ticks },
    y: { label: "latency", format: milliseconds, ticks: undefined, scale: "log" },
    series: summaries.map(({ name, histogram }) => ({ name: LATENCY_LABELS[name], points: values(histogram) })),
    highlight: undefined,
  };
}

function percentile(x: number): string {
  return `${Number(((1 - 10 ** -x) * 100).toPrecision(6))}`;
}

/** The end of a window may be a sliver of a second, in which a rate means nothing. */
function wholeMoments(moments: readonly Moment[]): readonly Moment[] {
  const [before, last] = moments.slice(-2);
  return before !== undefined && last !== undefined && last.atMs - before.atMs < SLIVER_MS
    ? moments.slice(0, -1)
    : moments;
}

const SLIVER_MS = 500;

function timeSeries(point: Point): Chart[] {
  const moments = wholeMoments(medianRun(point)?.series ?? []);
  const x: ChartAxis = {
    label: "seconds of the window",
    format: (at) => String(Math.round(at * 10) / 10),
    ticks: undefined,
  };
  const line = (name: string, of: (moment: Moment) => number | undefined): Series => ({
    name,
    points: moments.flatMap((moment) => {
      const y = of(moment);
      return y === undefined ? [] : [{ x: moment.atMs / 1000, y }];
    }),
  });
  const happened = ({ points }: Series): boolean => points.some(({ y }) => y > 0);
  const rates = [
    line("created", ({ createdPerSecond }) => createdPerSecond),
    line("delivered", ({ deliveredPerSecond }) => deliveredPerSecond),
    line("completed", ({ completedPerSecond }) => completedPerSecond),
  ];
  const count = (label: string): Chart["y"] => {
    return { label, format: (y) => figure(Math.round(y)), ticks: undefined, scale: "linear" };
  };
  const shared = { x, highlight: undefined };
  const run = `at ${point.name}, in the run with the median rate`;
  return [
    {
      ...shared,
      id: "series-rate",
      title: `Rate over time ${run}`,
      description: "What was acknowledged in each second of the window.",
      y: count("per second"),
      series: rates.filter(happened),
    },
    {
      ...shared,
      id: "series-latency",
      title: `Latency over time ${run}`,
      description:
        "Percentiles of each second, of the end-to-end latency, or of the create's where nothing is completed.",
      y: { label: "latency", format: milliseconds, ticks: undefined, scale: "log" },
      series: [line("p50", ({ p50Ms }) => p50Ms), line("p99", ({ p99Ms }) => p99Ms)],
    },
    {
      ...shared,
      id: "series-depth",
      title: `Depth over time ${run}`,
      description: "Tasks that were made and not completed, at the end of each second.",
      y: count("tasks"),
      series: [line("tasks", ({ depth }) => depth)],
    },
  ];
}
