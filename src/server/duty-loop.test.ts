import { expect, test } from "bun:test";
import { type Duty, DutyLoop } from "./duty-loop.ts";
import { HandSchedule, settled } from "./hand-schedule.ts";
import { createLog } from "./log.ts";

function loopOf(runOnce: Duty["runOnce"]) {
  const hand = new HandSchedule();
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "json", secrets: [], write: (line) => void lines.push(line) });
  const runs: number[] = [];
  const duty: Duty = {
    name: "sweep",
    runOnce: () => {
      runs.push(hand.now);
      return runOnce();
    },
  };
  const loop = new DutyLoop({ duty, clock: () => hand.now, schedule: hand.schedule, log });
  return { loop, hand, lines, runs };
}

test("nothing runs, and no timer ticks, until somebody asks", async () => {
  const { hand, runs } = loopOf(async () => undefined);
  await hand.pass(1_000_000);
  expect(runs).toEqual([]);
  expect(hand.pending).toEqual([]);
});

test("runs at the earliest moment asked for, and once only", async () => {
  const { loop, hand, runs } = loopOf(async () => undefined);
  const start = hand.now;
  loop.wakeAt(start + 500);
  loop.wakeAt(start + 200);
  loop.wakeAt(start + 900);
  await hand.pass(5000);
  expect(runs).toEqual([start + 200]);
});

test("runs again at the moment the duty says", async () => {
  const due: (number | undefined)[] = [];
  const { loop, hand, runs } = loopOf(async () => due.shift());
  const start = hand.now;
  due.push(start + 3000, undefined);
  loop.wakeAt(start);
  await hand.pass(10_000);
  expect(runs).toEqual([start, start + 3000]);
  expect(hand.pending).toEqual([]);
});

test("work that is left over is done at once, but not in the same turn", async () => {
  let left = 5;
  const { loop, hand, runs } = loopOf(async () => {
    left -= 1;
    return left > 0 ? hand.now : undefined;
  });
  loop.wakeAt(hand.now);
  await hand.pass(0);
  expect(runs).toHaveLength(5);
});

test("what is asked for while the duty runs is not lost", async () => {
  const gate = Promise.withResolvers<number | undefined>();
  const answers = [gate.promise, Promise.resolve(undefined)];
  const { loop, hand, runs } = loopOf(async () => answers.shift());
  const start = hand.now;
  loop.wakeAt(start);
  await hand.pass(0);
  loop.wakeAt(start + 50);
  gate.resolve(undefined);
  await settled();
  await hand.pass(100);
  expect(runs).toEqual([start, start + 50]);
});

test("what is asked for while the duty runs goes before a later moment the duty itself says", async () => {
  const gate = Promise.withResolvers<number | undefined>();
  const answers = [gate.promise, Promise.resolve(undefined), Promise.resolve(undefined)];
  const { loop, hand, runs } = loopOf(async () => answers.shift());
  const start = hand.now;
  loop.wakeAt(start);
  await hand.pass(0);
  loop.wakeAt(start + 50);
  gate.resolve(start + 9000);
  await settled();
  await hand.pass(100);
  expect(runs).toEqual([start, start + 50]);
});

test("a far moment is looked at again in between, for the clock may run faster than timers", async () => {
  const { loop, hand, runs } = loopOf(async () => undefined);
  const start = hand.now;
  loop.wakeAt(start + 3 * 86_400_000);
  expect(hand.pending).toEqual([10_000]);
  await hand.pass(3 * 86_400_000);
  expect(runs).toEqual([start + 3 * 86_400_000]);
});

test("a duty that fails is tried again with growing pauses and reported once for each reason", async () => {
  let reason: string | undefined = "disk I/O error";
  const { loop, hand, lines, runs } = loopOf(async () => {
    if (reason !== undefined) throw new Error(reason);
    return undefined;
  });
  const start = hand.now;
  loop.wakeAt(start);
  await hand.pass(750);
  expect(runs.map((at) => at - start)).toEqual([0, 100, 300, 700]);
  await hand.pass(60_000);
  expect(lines).toHaveLength(1);
  reason = "database is full";
  await hand.pass(10_000);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("database is full");
  reason = undefined;
  await hand.pass(10_000);
  expect(lines[2]).toContain("sweep works again");
  const before = runs.length;
  await hand.pass(60_000);
  expect(runs).toHaveLength(before);
  reason = "disk I/O error";
  loop.wakeAt(hand.now);
  await hand.pass(99);
  expect(runs).toHaveLength(before + 1);
  await hand.pass(1);
  expect(runs).toHaveLength(before + 2);
});

test("a request for an early run does not shorten the pause after a failure", async () => {
  const { loop, hand, runs } = loopOf(() => Promise.reject(new Error("broken")));
  loop.wakeAt(hand.now);
  await hand.pass(0);
  loop.wakeAt(hand.now - 1);
  await hand.pass(99);
  expect(runs).toHaveLength(1);
});

test("stopping waits for the run under way and starts no other", async () => {
  const gate = Promise.withResolvers<number | undefined>();
  const { loop, hand, runs } = loopOf(() => gate.promise);
  loop.wakeAt(hand.now);
  await hand.pass(0);
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await settled();
  expect(stopped).toBe(false);
  gate.resolve(hand.now);
  await stopping;
  loop.wakeAt(hand.now);
  await hand.pass(60_000);
  expect(runs).toHaveLength(1);
});
