import { describe, expect, test } from "bun:test";
import { type BackoffPolicy, backoffMs, type RetryRule, retryAfterFailure } from "./lifecycle.ts";

const RULE: RetryRule = { backoff: "exp_full_jitter", baseMs: 5000, maxMs: 900_000, seed: 42 };
const task = (sequence: number, attempts: number, maxAttempts = 1000) => ({ sequence, attempts, maxAttempts });

describe("backoff", () => {
  const table: [BackoffPolicy, attempts: number, dice: number, expectedMs: number][] = [
    ["fixed", 1, 0.5, 5000],
    ["fixed", 9, 0.5, 5000],
    ["linear", 0, 0.5, 5000],
    ["linear", 3, 0.5, 15_000],
    ["linear", 1000, 0.5, 900_000],
    ["exponential", 1, 0.5, 10_000],
    ["exponential", 3, 0.5, 40_000],
    ["exponential", 30, 0.5, 900_000],
    ["exp_equal_jitter", 2, 0, 10_000],
    ["exp_equal_jitter", 2, 0.999, 20_000],
    ["exp_full_jitter", 1, 0, 0],
    ["exp_full_jitter", 1, 0.999, 10_000],
    ["exp_full_jitter", 30, 0.999, 900_000],
  ];
  for (const [backoff, attempts, dice, expectedMs] of table) {
    test(`${backoff} after attempt ${attempts}, dice ${dice}: ${expectedMs} ms`, () => {
      expect(backoffMs({ ...RULE, backoff }, attempts, dice)).toBe(expectedMs);
    });
  }

  test("defect 45: no number of attempts makes the delay zero, negative or more than the bound", () => {
    for (const attempts of [200, 1023, 1024, 1e6, 2 ** 31]) {
      for (const backoff of ["linear", "exponential"] as const) {
        expect(backoffMs({ ...RULE, backoff }, attempts, 0.5)).toBe(900_000);
      }
    }
  });
});

test("a failed delivery is tried again, until it was the last one", () => {
  const rule = { ...RULE, backoff: "fixed" } as const;
  expect(retryAfterFailure(task(1, 1, 2), undefined, rule)).toEqual({ to: "delayed", delayMs: 5000 });
  expect(retryAfterFailure(task(1, 2, 2), undefined, rule)).toEqual({ to: "dead" });
  expect(retryAfterFailure(task(1, 2, 2), 0, rule)).toEqual({ to: "dead" });
});

test("defect 20: a delay of 0 means at once, and a delay asked for is only capped", () => {
  expect(retryAfterFailure(task(1, 1), 0, RULE)).toEqual({ to: "ready" });
  expect(retryAfterFailure(task(1, 1), 1, RULE)).toEqual({ to: "delayed", delayMs: 1 });
  expect(retryAfterFailure(task(1, 1), 1e9, RULE)).toEqual({ to: "delayed", delayMs: 900_000 });
});

test("defect 45: leases that end together do not come back together", () => {
  const delays = new Set<number>();
  for (let sequence = 0; sequence < 1000; sequence += 1) {
    const retry = retryAfterFailure(task(sequence, 5), undefined, RULE);
    delays.add(retry.to === "delayed" ? retry.delayMs : 0);
  }
  // 161 whole seconds are possible.
  expect(delays.size).toBeGreaterThan(150);
});

test("the same task gets another delay under another seed", () => {
  const delay = (seed: number) => retryAfterFailure(task(7, 6), undefined, { ...RULE, seed });
  expect(new Set([1, 2, 3, 4, 5].map((seed) => JSON.stringify(delay(seed)))).size).toBeGreaterThan(2);
});
