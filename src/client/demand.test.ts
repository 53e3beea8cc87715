import { expect, test } from "bun:test";
import fc from "fast-check";
import { nextReadyCount } from "./demand.ts";

test("asks for what is free, no more than one claim may bring", () => {
  const cases = [
    // capacity, held, asked, claimMax → count
    [10, 0, 0, 32, 10],
    [100, 0, 0, 32, 32],
    [100, 0, 32, 32, 32],
    [100, 0, 96, 32, 0],
    [10, 10, 0, 32, 0],
    [10, 9, 0, 32, 1],
    [512, 511, 0, 1, 1],
    [512, 0, 511, 1, 1],
    [512, 0, 512, 1, 0],
    [10, 4, 5, 32, 0],
    [10, 0, 5, 32, 5],
    [10, 0, 6, 32, 0],
  ] as const;
  for (const [capacity, held, asked, claimMax, count] of cases) {
    expect([capacity, held, asked, claimMax, nextReadyCount({ capacity, held, asked, claimMax })]).toEqual([
      capacity,
      held,
      asked,
      claimMax,
      count,
    ]);
  }
});

test("never asks for more than there is room for, and never leaves a worker without any Ready while it has room", () => {
  const size = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(size, size, fc.nat(2000), (capacity, claimMax, held) => {
      let asked = 0;
      for (let count = -1; count !== 0; asked += Math.max(count, 0)) {
        count = nextReadyCount({ capacity, held, asked, claimMax });
        expect(count <= claimMax && count >= 0).toBe(true);
        if (count === 0) break;
      }
      expect(asked <= Math.max(0, capacity - held)).toBe(true);
      if (held < capacity) expect(asked).toBeGreaterThan(0);
    }),
  );
});
