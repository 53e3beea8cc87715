import { expect, test } from "bun:test";
import { Arrivals } from "./arrivals.ts";

const everyMs = (): Arrivals => new Arrivals(5000, 1000);

test("arrivals come due one after the other, evenly spaced, and never early", () => {
  const arrivals = everyMs();
  const dueAt = [0, 4999, 5000, 5999, 6000, 8999].map((us) => arrivals.due(us));
  expect(dueAt).toEqual([0, 0, 1, 1, 2, 4]);
});

test("what is taken starts when it should have, however late it is taken", () => {
  const arrivals = everyMs();
  expect([arrivals.take(1), arrivals.take(3), arrivals.nextUs]).toEqual([5000, 6000, 9000]);
  expect(arrivals.due(6000)).toBe(0);
  expect(arrivals.due(8999)).toBe(0);
  expect(arrivals.due(10_000)).toBe(2);
});

test("each arrival's lateness is told once, whether it is taken or not", () => {
  const arrivals = everyMs();
  const late: number[] = [];
  arrivals.notice(7500, (us) => late.push(us));
  arrivals.notice(7600, (us) => late.push(us));
  arrivals.take(2);
  arrivals.notice(8100, (us) => late.push(us));
  expect(late).toEqual([2500, 1500, 500, 100]);
});
