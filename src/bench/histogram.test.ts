import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram, SLOTS, slotOf, slotRange } from "./histogram.ts";

const values = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 300 });

test("slots lie side by side without gap or overlap, up to the largest value", () => {
  let next = 0;
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const { from, to } = slotRange(slot);
    expect(from).toBe(next);
    expect(slotOf(from)).toBe(slot);
    expect(slotOf(to)).toBe(slot);
    next = to + 1;
  }
  expect(next).toBe(2 ** 32);
});

test("a quantile is never below the true one and at most one percent above", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const histogram = new Histogram();
      for (const value of list) histogram.record(value);
      const sorted = list.toSorted((a, b) => a - b);
      const truth = sorted[Math.max(1, Math.ceil(share * list.length)) - 1] ?? 0;
      const found = histogram.quantile(share);
      expect(found).toBeGreaterThanOrEqual(truth);
      expect(found).toBeLessThanOrEqual(truth * 1.01);
    }),
  );
});

test("merged histograms are the histogram of all values", () => {
  fc.assert(
    fc.property(values, values, (some, others) => {
      const whole = new Histogram();
      for (const value of [...some, ...others]) whole.record(value);
      const part = new Histogram();
      for (const value of others) part.record(value);
      const merged = new Histogram();
      for (const value of some) merged.record(value);
      merged.merge(part.data());
      expect(merged.data()).toEqual(whole.data());
      expect(Histogram.from(merged.data()).data()).toEqual(whole.data());
    }),
  );
});

test("an empty histogram says zero and leaves others as they are", () => {
  const histogram = new Histogram();
  expect(histogram.quantile(0.99)).toBe(0);
  expect(histogram.mean).toBe(0);
  histogram.record(7);
  histogram.merge(new Histogram().data());
  expect(histogram.data()).toEqual({ counts: [[7, 1]], total: 1, sum: 7, min: 7, max: 7 });
});

test("values beyond the grid count as its ends", () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(2 ** 40);
  expect(histogram.data().min).toBe(0);
  expect(histogram.max).toBe(2 ** 32 - 1);
});
