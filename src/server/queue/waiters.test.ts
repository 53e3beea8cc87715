import { expect, test } from "bun:test";
import { Waiters } from "./waiters.ts";

class Recorder {
  readonly handedOn: [string, number][] = [];
  readonly waiters = new Waiters(100, (cause, count) => this.handedOn.push([cause, count]));
}

const FOREVER = Number.POSITIVE_INFINITY;

test("a wake-up reaches the one who waits longest, for any of its lines", async () => {
  const { waiters } = new Recorder();
  const [first, second] = [waiters.join(["a", "b"], 1), waiters.join(["b"], 1)];
  const woken = [first.woken(FOREVER, undefined), second.woken(FOREVER, undefined)];
  expect(waiters.wake("b", "b", 1)).toBe(0);
  expect(await woken[0]).toBe(true);
  expect(first.cause).toBe("b");
  expect(waiters.wake("b", "b", 1)).toBe(0);
  expect(await woken[1]).toBe(true);
});

test("a wake-up that comes between the look and the wait is not lost", async () => {
  const { waiters } = new Recorder();
  const ticket = waiters.join(["a"], 1);
  waiters.wake("a", "a", 1);
  expect(await ticket.woken(0, undefined)).toBe(true);
  expect(await ticket.woken(0, undefined)).toBe(false);
});

test("one who can take many uses up as much of a wake-up, the rest goes down the line", () => {
  const { waiters } = new Recorder();
  waiters.join(["a"], 5);
  waiters.join(["a"], 2);
  expect(waiters.wake("a", "a", 4)).toBe(0);
  expect(waiters.wake("a", "a", 4)).toBe(2);
  expect(waiters.wake("a", "a", 1)).toBe(1);
  expect(waiters.wake("nobody", "nobody", 3)).toBe(3);
});

test("who leaves hands on what it was woken for and did not take", async () => {
  const { waiters, handedOn } = new Recorder();
  const gone = waiters.join(["a"], 5);
  waiters.wake("a", "a", 3);
  gone.leave(0);
  expect(handedOn).toEqual([["a", 3]]);

  const other = waiters.join(["a"], 5);
  waiters.wake("a", "a", 3);
  await other.woken(FOREVER, undefined);
  other.leave(2);
  other.leave(0);
  expect(handedOn).toEqual([
    ["a", 3],
    ["a", 1],
  ]);
  expect(waiters.count).toBe(0);
});

test("a wake-up that came while its owner was busy with another is handed on too", async () => {
  const { waiters, handedOn } = new Recorder();
  const ticket = waiters.join(["a", "b"], 1);
  waiters.wake("a", "a", 1);
  await ticket.woken(FOREVER, undefined);
  waiters.wake("b", "b", 1);
  ticket.leave(1);
  expect(handedOn).toEqual([["b", 1]]);
});

test("a look that found nothing has used up the wake-up", async () => {
  const { waiters, handedOn } = new Recorder();
  const ticket = waiters.join(["a"], 1);
  waiters.wake("a", "a", 1);
  await ticket.woken(FOREVER, undefined);
  await ticket.woken(0, undefined);
  ticket.leave(0);
  expect(handedOn).toEqual([]);
});

test("who gives up is not woken, and hands on what came too late for it", async () => {
  const { waiters, handedOn } = new Recorder();
  const controller = new AbortController();
  const ticket = waiters.join(["a"], 1);
  const woken = ticket.woken(FOREVER, controller.signal);
  controller.abort();
  waiters.wake("a", "a", 1);
  expect(await woken).toBe(false);
  ticket.leave(0);
  expect(handedOn).toEqual([["a", 1]]);
});

test("closing ends every wait, now and later", async () => {
  const { waiters } = new Recorder();
  const waiting = waiters.join(["a"], 1).woken(FOREVER, undefined);
  waiters.close();
  expect(await waiting).toBe(false);
  expect(await waiters.join(["a"], 1).woken(FOREVER, undefined)).toBe(false);
});

test("more than the bound may not wait", () => {
  const waiters = new Waiters(2, () => undefined);
  const ticket = waiters.join(["a"], 1);
  waiters.join(["a"], 1);
  expect(() => waiters.join(["a"], 1)).toThrow("too many waiting requests (limit 2)");
  ticket.leave(0);
  waiters.join(["a"], 1);
});
