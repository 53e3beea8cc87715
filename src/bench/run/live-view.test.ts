import { describe, expect, test } from "bun:test";
import { loadPlan } from "../load/load-plan-fixture.ts";
import { LoadThreads } from "../load/load-threads.ts";
import { RunClock } from "../load/run-clock.ts";
import { LiveView } from "./live-view.ts";
import type { PointPlan } from "./point-plan.ts";
import { pointPlan } from "./run-settings-fixture.ts";

/** A run's clock that stands still until it is set. */
class HandClock extends RunClock {
  us = 0;

  constructor() {
    super(0);
  }

  override nowUs(): number {
    return this.us;
  }
}

/** A view of two load threads whose counts a test makes up, at the start of ten seconds. */
function viewed(change: Partial<PointPlan> = {}) {
  const threads = new LoadThreads([loadPlan(), loadPlan()]);
  const [first, second] = threads.counts;
  if (first === undefined || second === undefined) throw new Error("two threads have two sets of counts");
  first.add("resultsAcked", 1000);
  first.latency(9_000_000);
  const clock = new HandClock();
  clock.us = 5_000_000;
  return { threads, first, second, clock, view: new LiveView(threads, pointPlan(change), 15_000_000, clock) };
}

describe("the rate", () => {
  test.each([
    ["tasks/s", 20],
    ["creates/s", 60],
    ["claims/s", 40],
  ] as const)("in %s is what all threads have done since the last look", async (unit, rate) => {
    await using it = { ...viewed({ unit }), [Symbol.asyncDispose]: () => it.threads[Symbol.asyncDispose]() };
    const { first, second, clock, view } = it;
    first.add("created", 10);
    second.add("created", 20);
    first.add("delivered", 20);
    second.add("resultsAcked", 10);
    // Sent and refused is not done.
    second.add("resultsSent", 1000);
    second.add("resultsAnswered", 1000);
    second.add("createsSent", 1000);
    second.add("createsAnswered", 1000);
    clock.us += 500_000;
    expect(view.look().perSecond).toBe(rate);
    for (const count of ["created", "delivered", "resultsAcked"] as const) first.add(count, 5);
    clock.us += 500_000;
    expect(view.look().perSecond).toBe(10);
    clock.us += 500_000;
    expect(view.look().perSecond).toBe(0);
  });
});

test("the p99 is that of what ended since the last look", async () => {
  const { threads, first, second, clock, view } = viewed();
  await using _ = threads;
  clock.us += 500_000;
  expect(view.look().p99Ms).toBeUndefined();
  for (let one = 0; one < 98; one += 1) first.latency(100);
  second.latency(200);
  second.latency(250_000);
  clock.us += 500_000;
  expect(view.look().p99Ms).toBe(0.2);
  second.latency(100);
  expect(view.look().p99Ms).toBe(0.1);
});

test("the depth is what was filled in and created, and not delivered", async () => {
  const { threads, first, second, view } = viewed({ prefill: 100 });
  await using _ = threads;
  expect(view.look().depth).toBe(100);
  first.add("created", 50);
  second.add("delivered", 30);
  expect(view.look().depth).toBe(120);
  first.add("delivered", 1000);
  expect(view.look().depth).toBe(0);
});

test("the time left runs out, and not below nothing", async () => {
  const { threads, clock, view } = viewed();
  await using _ = threads;
  expect(view.look().leftMs).toBe(10_000);
  clock.us += 9_999_000;
  expect(view.look().leftMs).toBe(1);
  clock.us += 60_000_000;
  expect(view.look().leftMs).toBe(0);
});
