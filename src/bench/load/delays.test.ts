import { expect, test } from "bun:test";
import { delaySecondsOf } from "./delays.ts";

const TAGS = Array.from({ length: 10_000 }, (_, tag) => tag);
const delaysOf = (share: number, secondsMax: number, seed: number): number[] =>
  TAGS.map((tag) => delaySecondsOf(tag, { share, secondsMax, seed }));

test("a share of the tasks is delayed, by every whole number of seconds from 1 up to the most", () => {
  const delayed = delaysOf(0.5, 10, 1).filter((seconds) => seconds > 0);
  expect(delayed.length).toBeGreaterThan(4800);
  expect(delayed.length).toBeLessThan(5200);
  expect([...new Set(delayed)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("none is delayed at a share of 0, all are at 1", () => {
  expect(delaysOf(0, 10, 1).some((seconds) => seconds > 0)).toBe(false);
  expect(delaysOf(1, 1, 1).every((seconds) => seconds === 1)).toBe(true);
});

test("one seed always gives the same delays, another one others", () => {
  expect(delaysOf(0.5, 10, 7)).toEqual(delaysOf(0.5, 10, 7));
  expect(delaysOf(0.5, 10, 7)).not.toEqual(delaysOf(0.5, 10, 8));
});
