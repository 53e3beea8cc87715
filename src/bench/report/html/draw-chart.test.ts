import { describe, expect, test } from "bun:test";
import type { Chart, SeriesPoint } from "./chart.ts";
import { CHART_SIZES, drawChart } from "./draw-chart.ts";

function drawn(points: readonly SeriesPoint[], change: Partial<Chart> = {}): string {
  const chart: Chart = {
    id: "chart",
    title: "A chart",
    description: "With one line.",
    x: { label: "x", format: String, ticks: undefined },
    y: { label: "y", format: String, ticks: undefined, scale: "linear" },
    series: [{ name: "line", points }],
    highlight: undefined,
    ...change,
  };
  return CHART_SIZES.map((size) => drawChart(chart, size).text).join("");
}

const log = { y: { label: "y", format: String, ticks: undefined, scale: "log" } } as const;

describe("a chart", () => {
  test.each<[string, readonly SeriesPoint[], Partial<Chart>]>([
    ["one value", [{ x: 1, y: 1 }], {}],
    ["nothing but zeros", [0, 1, 2].map((x) => ({ x, y: 0 })), {}],
    ["nothing but zeros on a logarithmic scale", [0, 1, 2].map((x) => ({ x, y: 0 })), log],
    ["a zero on a logarithmic scale", [0, 1, 100].map((y, x) => ({ x, y })), log],
    ["no value at all", [], {}],
    ["a highlight of one point", [0, 1, 2].map((x) => ({ x, y: x })), { highlight: { from: 1, to: 1, label: "here" } }],
  ])("of %s has every mark at a place", (_, points, change) => {
    expect(drawn(points, change)).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("draws what is more further up, and what comes later further right", () => {
    const [, first = "", second = ""] =
      /<polyline points="(\S+) (\S+)"/.exec(
        drawn([
          { x: 0, y: 1 },
          { x: 1, y: 2 },
        ]),
      ) ?? [];
    const [x1 = 0, y1 = 0] = first.split(",").map(Number);
    const [x2 = 0, y2 = 0] = second.split(",").map(Number);
    expect(x2).toBeGreaterThan(x1);
    expect(y2).toBeLessThan(y1);
  });

  test("shows the spread around a line, and says each value at its dot", () => {
    const svg = drawn([
      { x: 0, y: 2, low: 1, high: 3 },
      { x: 1, y: 4, low: 3, high: 5 },
    ]);
    expect(svg).toContain('<polygon class="spread"');
    expect(svg).toContain("<title>line, x 1: 4</title>");
  });
});
