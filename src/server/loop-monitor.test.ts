import { expect, test } from "bun:test";
import { Clock } from "./clock.ts";
import { HandSchedule } from "./hand-schedule.ts";
import { createLog } from "./log.ts";
import { LoopMonitor } from "./loop-monitor.ts";

function monitored() {
  const hand = new HandSchedule();
  const wall = { jumpMs: 0 };
  const clock = new Clock({ monotonicMs: () => hand.now, wallMs: () => hand.now + wall.jumpMs });
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", secrets: [], write: (line) => void lines.push(line) });
  const delays: number[] = [];
  const onDelay = (seconds: number): void => void delays.push(seconds);
  const monitor = new LoopMonitor({ clock, monotonicMs: () => hand.now, schedule: hand.schedule, onDelay, log });
  return { hand, wall, lines, delays, monitor };
}

test("tells how late timers are", async () => {
  const { hand, delays } = monitored();
  await hand.pass(1000);
  // The loop was blocked: the timer of the next half second fires late.
  hand.now += 700;
  await hand.pass(0);
  expect(delays).toEqual([0, 0, 0.2]);
});

test("a wall clock that jumps is told once, and once more when it is right again", async () => {
  const { hand, wall, lines } = monitored();
  await hand.pass(5000);
  wall.jumpMs = 3_600_000;
  await hand.pass(60_000);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('"aheadSeconds":3600');
  wall.jumpMs = 0;
  await hand.pass(60_000);
  expect(lines).toHaveLength(2);
});

test("stops when told to", async () => {
  const { hand, delays, monitor } = monitored();
  monitor.stop();
  await hand.pass(5000);
  expect(delays).toEqual([]);
});
