import { describe, expect, test } from "bun:test";
import { MetricsPage, quantileBetween } from "./metrics-page.ts";

const page = new MetricsPage(`# HELP created_total Tasks.
# TYPE created_total counter
created_total{command="A",queue="x"} 3
created_total{command="A",queue="y"} 4 1700000000000
created_total{command="B \\"quoted\\\\ \\n, le=\\"",queue="x"} 5
created_total_of_others 100
up 1
small 2.5e-3
`);

describe("a sum over a page", () => {
  test.each([
    ["created_total", {}, 12],
    ["created_total", { command: "A" }, 7],
    ["created_total", { command: "A", queue: "y" }, 4],
    ["created_total", { command: 'B "quoted\\ \n, le="' }, 5],
    ["up", {}, 1],
    ["small", {}, 0.0025],
  ] as const)("takes all samples of %s with %j", (name, labels, sum) => {
    expect(page.sum(name, labels)).toBe(sum);
  });

  test.each([
    ["created", {}],
    ["created_total", { command: "C" }],
    ["up", { command: "A" }],
  ] as const)("is undefined, not 0, without a sample of %s with %j", (name, labels) => {
    expect(page.sum(name, labels)).toBeUndefined();
  });
});

/** A histogram that counted so many values up to 1 ms, 10 ms, and without bound. */
function histogram(...cumulative: readonly number[]): MetricsPage {
  const bounds = ["0.001", "0.01", "+Inf"];
  // Not in the order of their bounds.
  const lines = cumulative.map((count, index) => `delay_bucket{le="${bounds[index] ?? ""}"} ${count}`).reverse();
  return new MetricsPage(`${lines.join("\n")}\ndelay_count ${cumulative.at(-1) ?? 0}\n`);
}

test("buckets come by ascending bounds", () => {
  expect(histogram(1, 2, 3).buckets("delay")).toEqual([
    { bound: 0.001, count: 1 },
    { bound: 0.01, count: 2 },
    { bound: Infinity, count: 3 },
  ]);
});

describe("a quantile between two pages", () => {
  // Between them: 90 values up to 1 ms, 9 more up to 10 ms, 1 above.
  const [before, after] = [histogram(1000, 5000, 9000), histogram(1090, 5099, 9100)];

  test.each([
    [0.5, 0.001],
    [0.9, 0.001],
    [0.91, 0.01],
    [0.99, 0.01],
    [1, Infinity],
  ])("counts only what came between: %d of it lies up to %d s", (share, bound) => {
    expect(quantileBetween(before, after, "delay", share)).toBe(bound);
  });

  test("takes everything where the page before knew nothing", () => {
    expect(quantileBetween(new MetricsPage(""), histogram(5, 10, 10), "delay", 0.5)).toBe(0.001);
  });

  test("is undefined when nothing was counted", () => {
    expect(quantileBetween(before, before, "delay", 0.5)).toBeUndefined();
    expect(quantileBetween(before, after, "wait", 0.5)).toBeUndefined();
  });
});
