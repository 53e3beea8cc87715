import { expect, test } from "bun:test";
import { resolveConfig } from "./config.ts";
import { HandSchedule } from "./hand-schedule.ts";
import { createLog } from "./log.ts";
import { Maintenance } from "./maintenance.ts";
import { Metrics } from "./metrics.ts";
import { queuePolicyOf } from "./policies.ts";
import type { CreateTask } from "./queue/admission.ts";
import { TaskQueue } from "./queue/task-queue.ts";
import { MemoryStore } from "./store/memory-store.ts";

const who = { tenant: "acme", worker: "w1" };
const claimOne = { commands: ["SEND"], leaseMs: 30_000, count: 1, waitMs: 0, signal: undefined };

function task(fields: Partial<CreateTask> = {}): CreateTask {
  return {
    command: "SEND",
    payload: "{}",
    priority: undefined,
    webhook: undefined,
    maxAttempts: undefined,
    idempotencyKey: undefined,
    runAtMs: undefined,
    delayMs: undefined,
    ...fields,
  };
}

function maintained(flags: Readonly<Record<string, string>> = {}, store = new MemoryStore([1, 2])) {
  const { config } = resolveConfig({ flags: new Map(Object.entries(flags)), env: {} }, undefined);
  const hand = new HandSchedule();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", secrets: [], write: (line) => void lines.push(line) });
  const metrics = new Metrics({
    version: "1",
    commit: "c",
    durability: "off",
    startedMs: 0,
    commandLabelsMax: 10,
    diskReserveBytes: 0,
  });
  const queue = new TaskQueue({
    store,
    policy: queuePolicyOf(config),
    observer: metrics.observer,
    clock: () => hand.now,
    random: () => 7,
  });
  const maintenance = new Maintenance({ queue, log, schedule: hand.schedule });
  return { hand, queue, maintenance, lines };
}

test("defect 3, defect 21: a lease ends on time, not before, although nobody polls, and the task comes back", async () => {
  const { hand, queue, maintenance } = maintained({ backoff: "fixed", "backoff-base": "5s" });
  maintenance.start();
  await queue.create("acme", [task()]);
  expect(await queue.claim(who, claimOne)).toHaveLength(1);
  await hand.pass(29_999);
  expect((await queue.stats("acme", undefined))[0]?.leased).toBe(1);
  await hand.pass(1);
  expect((await queue.stats("acme", undefined))[0]).toMatchObject({ leased: 0, delayed: 1 });
  await hand.pass(5000);
  expect(await queue.claim(who, claimOne)).toHaveLength(1);
});

test("a delayed task becomes claimable at its moment and wakes who waits for it", async () => {
  const { hand, queue, maintenance } = maintained();
  maintenance.start();
  await hand.pass(0);
  await queue.create("acme", [task({ delayMs: 1500 })]);
  const start = hand.now;
  const claimed = queue.claim(who, { ...claimOne, waitMs: Number.POSITIVE_INFINITY });
  await hand.pass(1499);
  expect((await queue.stats("acme", undefined))[0]?.delayed).toBe(1);
  await hand.pass(1);
  const [delivered] = await claimed;
  expect(delivered?.updatedMs).toBe(start + 1500);
});

test("what fell due while no server ran is done at the start", async () => {
  const store = new MemoryStore([1, 2]);
  const before = maintained({}, store);
  await before.queue.create("acme", [task({ delayMs: 1000 })]);
  const { hand, queue, maintenance } = maintained({}, store);
  hand.now += 3_600_000;
  maintenance.start();
  await hand.pass(0);
  expect(await queue.claim(who, claimOne)).toHaveLength(1);
});

test("a heartbeat moves the end of the lease", async () => {
  const { hand, queue, maintenance } = maintained();
  maintenance.start();
  const [created] = await queue.create("acme", [task()]);
  await queue.claim(who, claimOne);
  await hand.pass(20_000);
  const id = created?.ok === true ? queue.idOf(created.value.task) : "";
  expect(await queue.heartbeat(who, id, 30_000)).toMatchObject({ ok: true });
  await hand.pass(29_999);
  expect((await queue.stats("acme", undefined))[0]?.leased).toBe(1);
  await hand.pass(1);
  expect((await queue.stats("acme", undefined))[0]?.leased).toBe(0);
});

test("defect 7, defect 41: finished tasks go after their retention, thousands as fast as they came; unfinished ones stay", async () => {
  const { hand, queue, maintenance } = maintained({ retention: "1h" });
  maintenance.start();
  const many = 2500;
  const finishing = await queue.create(
    "acme",
    Array.from({ length: many }, () => task()),
  );
  await queue.claim(who, { ...claimOne, count: many });
  const ids = finishing.map((outcome) => (outcome.ok ? queue.idOf(outcome.value.task) : ""));
  await queue.complete(
    who,
    ids.map((id) => ({ id, state: "completed", result: "{}", error: undefined })),
  );
  await queue.create("acme", [task(), task({ delayMs: 10 * 86_400_000 })]);
  await hand.pass(3_600_000 - 1);
  expect((await queue.stats("acme", undefined))[0]?.completed).toBe(many);
  await hand.pass(5001);
  const [lane] = await queue.stats("acme", undefined);
  expect(lane).toMatchObject({ completed: 0, delayed: 1 });
  expect(lane?.ready[0]).toBe(1);
});

test("nothing ticks any more once stopped", async () => {
  const { hand, maintenance, lines } = maintained();
  maintenance.start();
  await hand.pass(60_000);
  await maintenance.stop();
  expect(hand.pending).toEqual([]);
  expect(lines).toEqual([]);
});

test("an idle server wakes up a few times a minute, no more", async () => {
  const { hand, maintenance } = maintained();
  maintenance.start();
  await hand.pass(1000);
  expect(hand.pending.every((ms) => ms >= 3000)).toBe(true);
});

test("a full disk is looked at until it has room again", async () => {
  class FullStore extends MemoryStore {
    looks = 0;
    override diskFull(): boolean {
      return this.looks < 3;
    }
    override async recover(): Promise<void> {
      this.looks += 1;
    }
  }
  const store = new FullStore([1, 2]);
  const { hand, maintenance, lines } = maintained({}, store);
  maintenance.start();
  await hand.pass(60_000);
  expect(store.looks).toBe(3);
  expect(lines).toEqual([]);
  await maintenance.stop();
});

test("a store that is out of order is opened again as soon as that works, and both are told once", async () => {
  class FaultyStore extends MemoryStore {
    broken = true;
    attempts = 0;
    override fault(): string | undefined {
      return this.broken ? "disk I/O error" : undefined;
    }
    override async recover(): Promise<void> {
      this.attempts += 1;
      if (this.attempts === 3) this.broken = false;
    }
  }
  const store = new FaultyStore([1, 2]);
  const { hand, maintenance, lines } = maintained({}, store);
  maintenance.start();
  await hand.pass(10_000);
  expect(store.attempts).toBe(3);
  expect(lines.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1])).toEqual(["recover failed", "recover works again"]);
  await maintenance.stop();
});
