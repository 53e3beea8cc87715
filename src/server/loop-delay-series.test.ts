import { expect, test } from "bun:test";
import { HandSchedule } from "./hand-schedule.ts";
import { LoopDelaySeries } from "./loop-delay-series.ts";

test("tells every ten milliseconds how late a timer was, until it is stopped", async () => {
  const hand = new HandSchedule();
  const series = new LoopDelaySeries({ monotonicMs: () => hand.now, schedule: hand.schedule });
  await hand.pass(20);
  // The loop was blocked for a moment.
  hand.now += 35;
  await hand.pass(0);
  series.stop();
  await hand.pass(1000);
  expect(series.data()).toEqual({ intervalMs: 10, atMs: [10, 20, 55], delayMs: [0, 0, 25] });
  expect(hand.pending).toEqual([]);
});
