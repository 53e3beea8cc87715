import { expect, test } from "bun:test";
import { Clock } from "./clock.ts";

/** Time that goes on only when told to. */
function handTime(wallMs: number) {
  const time = { monotonicMs: 5000, wallMs };
  const clock = new Clock({ monotonicMs: () => time.monotonicMs, wallMs: () => time.wallMs });
  const pass = (ms: number): void => {
    time.monotonicMs += ms;
    time.wallMs += ms;
  };
  return { clock, time, pass };
}

const START = 1_800_000_000_000;

test("runs with the wall clock as long as that behaves", () => {
  const { clock, pass } = handTime(START);
  expect(clock.now()).toBe(START);
  pass(1234);
  expect(clock.now()).toBe(START + 1234);
});

test("counts fractions and never runs ahead of the time that passed", () => {
  const { clock, pass } = handTime(START);
  pass(0.25);
  expect(clock.now()).toBe(START + 0.25);
  pass(0.5);
  expect(clock.now()).toBe(START + 0.75);
});

test.each([3_600_000, -3_600_000])(
  "a wall clock that jumps by %d ms moves it by half a millisecond per second",
  (jumpMs) => {
    const { clock, time, pass } = handTime(START);
    time.wallMs += jumpMs;
    expect(clock.now()).toBe(START);
    for (let step = 0; step < 600; step += 1) {
      pass(100);
      clock.now();
    }
    const movedMs = Math.abs(clock.now() - (START + 60_000));
    expect(movedMs).toBeGreaterThanOrEqual(29);
    expect(movedMs).toBeLessThanOrEqual(30);
    expect(Math.abs(clock.wallAheadMs() - jumpMs)).toBeLessThanOrEqual(30);
  },
);

test("catches up with a small difference and then stays", () => {
  const { clock, time, pass } = handTime(START);
  time.wallMs += 5;
  for (let step = 0; step < 10; step += 1) {
    pass(10_000);
    clock.now();
  }
  expect(clock.now()).toBe(START + 100_005);
  pass(1000);
  expect(clock.now()).toBe(START + 101_005);
});

test("asked a million times it loses nothing of the time in between", () => {
  const { clock, pass } = handTime(START);
  for (let step = 0; step < 1_000_000; step += 1) {
    pass(0.0001);
    clock.now();
  }
  expect(Math.abs(clock.now() - (START + 100))).toBeLessThanOrEqual(1);
});

test("never runs backwards, whatever both sources do", () => {
  const { clock, time } = handTime(START);
  let last = clock.now();
  for (let step = 0; step < 1000; step += 1) {
    time.monotonicMs += [0, 0.3, 7, -2][step % 4] ?? 0;
    time.wallMs += [50, -80, 0, 3_600_000, -7_200_000][step % 5] ?? 0;
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
});
