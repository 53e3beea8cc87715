import { describe, expect, test } from "bun:test";
import type { Task } from "../../proto/generated/worker.ts";
import { HeldTask } from "./held-task.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { HandTiming } from "./timing-fixture.ts";

const LEASE_MS = 12_000;

class Bench {
  readonly timing = new HandTiming();
  readonly lost: string[] = [];
  sent: string[] = [];
  connected = true;
  readonly keeper = new LeaseKeeper({
    leaseMs: LEASE_MS,
    timing: this.timing,
    sendHeartbeat: (id) => {
      if (this.connected) this.sent.push(id);
      return this.connected;
    },
    onLost: ({ id }) => this.lost.push(id),
  });

  deliver(id: string): HeldTask {
    const { leaseEndsMs, nextHeartbeatMs } = this.keeper.freshLease;
    const task = new HeldTask(taskMessage(id), leaseEndsMs, nextHeartbeatMs);
    this.keeper.add(task);
    return task;
  }

  answer(taskId: string, errorCode = ""): void {
    this.keeper.answered({ taskId, ok: errorCode === "", errorMessage: errorCode.toLowerCase(), errorCode });
  }
}

function taskMessage(id: string): Task {
  return {
    id,
    command: "A",
    payload: Buffer.from("1"),
    priority: 0,
    webhook: "",
    maxAttempts: 5,
    status: "IN_PROGRESS",
    workerId: "w",
    leaseUntil: "",
    attempts: 1,
    tenantId: "t",
    traceParent: "",
    traceState: "",
  };
}

describe("leases", () => {
  test("are kept by a heartbeat each third of their length, for as long as they are answered", () => {
    const bench = new Bench();
    const task = bench.deliver("a");
    for (let thirds = 1; thirds <= 9; thirds += 1) {
      bench.timing.advance(LEASE_MS / 3);
      expect(bench.sent).toHaveLength(thirds);
      bench.answer("a");
    }
    expect(task.lost).toBeUndefined();
    expect(bench.keeper.release(task)).toBe(true);
    bench.timing.advance(LEASE_MS * 3);
    expect(bench.sent).toHaveLength(9);
    // Nothing is held: nothing ticks.
    expect(bench.timing.timers).toBe(0);
  });

  test("are lost when the server says so, and the handler is told", () => {
    const bench = new Bench();
    const task = bench.deliver("a");
    const { aborted } = task.signal();
    expect(aborted).toBe(false);
    bench.timing.advance(LEASE_MS / 3);
    bench.answer("a", "NOT_OWNER");
    expect(task.signal().reason).toMatchObject({ code: "LEASE_LOST" });
    expect([bench.lost, bench.keeper.release(task)]).toEqual([["a"], false]);
  });

  test("are not lost by a heartbeat that could not be served", () => {
    const bench = new Bench();
    const task = bench.deliver("a");
    bench.timing.advance(LEASE_MS / 3);
    bench.answer("a", "UNAVAILABLE");
    expect(task.lost).toBeUndefined();
  });

  test("are lost when they run out unanswered, no sooner than the lease lasts and not much later", () => {
    const bench = new Bench();
    const task = bench.deliver("a");
    bench.timing.advance(LEASE_MS - 1);
    expect(task.lost).toBeUndefined();
    bench.timing.advance(LEASE_MS / 6);
    expect(task.lost).toMatchObject({ code: "LEASE_LOST" });
    // A handler that asks only now is told as well.
    expect(task.signal().aborted).toBe(true);
  });

  test("last from when the heartbeat was sent, not from when it was answered", () => {
    const bench = new Bench();
    const task = bench.deliver("a");
    bench.timing.advance(LEASE_MS / 3);
    bench.timing.advance(LEASE_MS / 6);
    bench.answer("a");
    expect(task.leaseEndsMs).toBe(LEASE_MS / 3 + LEASE_MS);
  });

  test("run out without a connection, and are asked for as soon as there is one", () => {
    const bench = new Bench();
    bench.connected = false;
    const early = bench.deliver("early");
    bench.timing.advance(LEASE_MS / 2);
    const late = bench.deliver("late");
    bench.timing.advance(LEASE_MS * 0.6);
    expect([early.lost !== undefined, late.lost]).toEqual([true, undefined]);
    expect(bench.sent).toEqual([]);
    bench.connected = true;
    bench.keeper.reconnected();
    expect(bench.sent).toEqual(["late"]);
    bench.answer("late");
    bench.timing.advance(LEASE_MS / 2);
    expect(late.lost).toBeUndefined();
  });

  test("answers of an earlier connection count for nothing", () => {
    const bench = new Bench();
    const task = bench.deliver("a");
    bench.timing.advance(LEASE_MS / 3);
    bench.keeper.disconnected();
    bench.answer("a");
    expect(task.leaseEndsMs).toBe(LEASE_MS);
  });

  test("of an earlier delivery end when the task comes again", () => {
    const bench = new Bench();
    const first = bench.deliver("a");
    const second = bench.deliver("a");
    expect(first.lost).toMatchObject({ code: "LEASE_LOST" });
    expect([bench.keeper.release(first), bench.keeper.release(second)]).toEqual([false, true]);
  });
});
