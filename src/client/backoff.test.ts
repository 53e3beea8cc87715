import { expect, test } from "bun:test";
import fc from "fast-check";
import { backoffMs } from "./backoff.ts";

const BACKOFF = { baseMs: 100, maxMs: 10_000 };

test("the delay doubles with each failure up to the bound, and chance takes any part of it", () => {
  const highest = [1, 2, 3, 4, 7, 8, 9].map((failures) => backoffMs(BACKOFF, failures, 1));
  expect(highest).toEqual([100, 200, 400, 800, 6400, 10_000, 10_000]);
  expect(backoffMs(BACKOFF, 3, 0)).toBe(0);
  expect(backoffMs(BACKOFF, 3, 0.25)).toBe(100);
});

test("the delay stays within its bounds however often it failed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const delayMs = backoffMs(BACKOFF, failures, random);
      expect(delayMs >= 0 && delayMs <= BACKOFF.maxMs).toBe(true);
    }),
  );
});
