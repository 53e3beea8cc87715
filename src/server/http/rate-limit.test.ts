import { describe, expect, test } from "bun:test";
import { type Bucket, isActive, takeToken } from "./rate-limit.ts";
import { RateLimiter } from "./rate-limiter.ts";

const LIMIT = { requestsPerMinute: 60, burstSize: 3 };

/** Seconds to wait, request by request, when they come at these milliseconds. */
function waits(timesMs: readonly number[], limit = LIMIT): number[] {
  let bucket: Bucket | undefined;
  return timesMs.map((now) => {
    const take = takeToken(bucket, limit, now);
    ({ bucket } = take);
    return Math.ceil(take.retryAfterMs / 1000);
  });
}

describe("a token bucket", () => {
  test("starts full and lets a burst through", () => expect(waits([0, 0, 0, 0])).toEqual([0, 0, 0, 1]));
  test("refills evenly", () => expect(waits([0, 0, 0, 999, 1000, 1000])).toEqual([0, 0, 0, 1, 0, 1]));
  test("never holds more than the burst", () => {
    expect(waits([0, 0, 0, 3_600_000, 3_600_000, 3_600_000, 3_600_000])).toEqual([0, 0, 0, 0, 0, 0, 1]);
  });
  test("says how long it takes to the next token", () => {
    expect(waits([0, 0], { requestsPerMinute: 2, burstSize: 1 })).toEqual([0, 30]);
    expect(waits([0, 0, 10_000], { requestsPerMinute: 2, burstSize: 1 })).toEqual([0, 30, 20]);
  });
  test("does not lose tokens when the clock stands still or jumps back", () => {
    expect(waits([1000, 1000, 500, 500])).toEqual([0, 0, 0, 1]);
  });
  test("limits only when both numbers are positive", () => {
    expect(isActive({ requestsPerMinute: 0, burstSize: 5 })).toBeFalse();
    expect(isActive({ requestsPerMinute: 5, burstSize: 0 })).toBeFalse();
    expect(isActive(LIMIT)).toBeTrue();
  });
});

describe("the limiter", () => {
  const limits = { producer: { requestsPerMinute: 60, burstSize: 1 }, worker: LIMIT, admin: LIMIT };

  test("counts each token and each scope apart", () => {
    const limiter = new RateLimiter(limits, 10);
    expect(limiter.take("producer", Buffer.from("a"), 0)).toBe(0);
    expect(limiter.take("producer", Buffer.from("a"), 0)).toBe(1000);
    expect(limiter.take("producer", Buffer.from("b"), 0)).toBe(0);
    expect(limiter.take("worker", Buffer.from("a"), 0)).toBe(0);
  });

  test("remembers a bounded number of tokens, the busy ones first", () => {
    const limiter = new RateLimiter(limits, 2);
    limiter.take("producer", Buffer.from("busy"), 0);
    limiter.take("producer", Buffer.from("idle"), 0);
    limiter.take("producer", Buffer.from("busy"), 60_000);
    expect(limiter.take("producer", Buffer.from("new"), 60_000)).toBe(0);
    expect(limiter.take("producer", Buffer.from("busy"), 60_000)).toBe(1000);
  });
});
