import { describe, expect, test } from "bun:test";
import { benchResult, type PointSketch } from "../report/result-fixture.ts";
import type { BenchResult } from "../result.ts";
import { compareResults } from "./comparison.ts";
import { crossings, idleLimits, parseFailOn } from "./fail-on.ts";

const FIVE = [1000, 1010, 1020, 1030, 1040];

function sketch(factor: number, runs: number): PointSketch {
  const rates = FIVE.slice(0, runs).map((rate) => rate * factor);
  return { concurrency: 4, rates, p99Ms: 20 / factor };
}

function crossed(factor: number, limit: string, runs = 5): readonly boolean[] {
  const comparison = compareResults(benchResult([sketch(1, runs)]), benchResult([sketch(factor, runs)]));
  return crossings(comparison, [parseFailOn(limit)]).map(({ proven }) => proven);
}

describe("a limit", () => {
  test.each([
    ["rate<-5%", { text: "rate<-5%", measure: "rate", side: "below", change: -0.05 }],
    [
      " end-to-end-p99 > +10 % ",
      { text: "end-to-end-p99 > +10 %", measure: "end-to-end-p99", side: "above", change: 0.1 },
    ],
    ["rss>2.5%", { text: "rss>2.5%", measure: "rss", side: "above", change: 0.025 }],
    ["rate<0%", { text: "rate<0%", measure: "rate", side: "below", change: 0 }],
  ] as const)("is read from %j", (text, limit) => expect(parseFailOn(text)).toEqual(limit));

  test.each(["", "rate", "rate<5", "rate=5%", "rate<-5%x", "rate<--5%", "rate<-%", "<5%"])(
    "is not read from %j",
    (text) => {
      expect(() => parseFailOn(text)).toThrow(`${JSON.stringify(text)} is not a limit such as rate<-5%`);
    },
  );

  test("on a measure nobody knows names those there are", () => {
    expect(() => parseFailOn("speed<-5%")).toThrow(
      '"speed<-5%": speed is not a measure; there are rate, create-ack-p50',
    );
  });

  test.each([
    ["a drop beyond it crosses", 0.9, "rate<-5%", [true]],
    ["a drop short of it does not", 0.97, "rate<-5%", []],
    ["a rise does not", 1.5, "rate<-5%", []],
    ["a latency that rises beyond it crosses", 0.5, "end-to-end-p99>+50%", [true]],
    ["a latency that falls does not", 2, "end-to-end-p99>+50%", []],
  ] as const)("%s", (_, factor, limit, expected) => expect(crossed(factor, limit)).toEqual([...expected]));

  test("is not crossed by what may be chance", () => {
    const one = (rates: readonly number[]): BenchResult => benchResult([{ concurrency: 4, rates }]);
    const comparison = compareResults(one(FIVE), one([700, 1300, 650, 1250, 900]));
    expect(comparison.rows[0]?.shift?.estimate).toBeLessThan(-0.05);
    expect(crossings(comparison, [parseFailOn("rate<-5%")])).toEqual([]);
  });

  test("of results with too few runs to tell is crossed by the change alone, which says so", () => {
    expect(crossed(0.9, "rate<-5%", 1)).toEqual([false]);
    expect(crossed(0.97, "rate<-5%", 1)).toEqual([]);
  });

  test("on something that was not measured is idle", () => {
    const comparison = compareResults(benchResult([sketch(1, 5)]), benchResult([sketch(1, 5)]));
    const limits = ["rate<-5%", "lateness-p99>+5%"].map(parseFailOn);
    expect(idleLimits(comparison, limits)).toEqual([parseFailOn("lateness-p99>+5%")]);
  });
});
