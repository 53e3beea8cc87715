import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { linearTicks, logTicks } from "./ticks.ts";

describe("marks on an axis", () => {
  test.each([
    [0, 108_000, 5, [0, 50_000, 100_000, 150_000]],
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [1, 6, 10, [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6]],
    [0, 0, 5, [0, 1]],
    [3, 3, 5, [3, 4]],
  ] as const)("from %d to %d, about %d of them", (low, high, count, ticks) => {
    expect(linearTicks(low, high, count)).toEqual([...ticks]);
  });

  test.each([
    [1, 100, [1, 2, 5, 10, 20, 50, 100]],
    [12, 24, [10, 20, 50]],
    [0.3, 900, [0.1, 1, 10, 100, 1000]],
    [5, 5, [5, 10]],
  ] as const)("on a logarithmic scale from %d to %d", (low, high, ticks) => {
    expect(logTicks(low, high)).toEqual([...ticks]);
  });

  const value = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
  test.each([
    ["linear", (low: number, high: number) => linearTicks(low, high, 5)],
    ["logarithmic", logTicks],
  ] as const)("enclose the values on a %s scale, rise, and are few", (_, ticksOf) => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const ticks = ticksOf(low, high);
        expect(ticks[0]).toBeLessThanOrEqual(low * (1 + 1e-9));
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high * (1 - 1e-9));
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(14);
        for (const [index, tick] of ticks.entries())
          if (index > 0) expect(tick).toBeGreaterThan(ticks[index - 1] ?? tick);
      }),
    );
  });
});
