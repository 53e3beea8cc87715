import { beforeEach, describe, expect, spyOn, test } from "bun:test";
import { MemoryStore } from "../store/memory-store.ts";
import { ShardedStore } from "../store/sharded-store.ts";
import type { CreateTask } from "./admission.ts";
import type { ClaimOptions } from "./claims.ts";
import { QueueFixture } from "./queue-fixture.ts";
import type { Task } from "./task.ts";

const ACME = { tenant: "acme", worker: "w1" };
const FOREVER = Number.POSITIVE_INFINITY;

let fixture: QueueFixture;

beforeEach(() => {
  fixture = new QueueFixture(new MemoryStore([1, 2]));
});

function item(given: Partial<CreateTask> = {}): CreateTask {
  return {
    command: "resize",
    payload: "{}",
    priority: undefined,
    webhook: undefined,
    maxAttempts: undefined,
    idempotencyKey: undefined,
    runAtMs: undefined,
    delayMs: undefined,
    ...given,
  };
}

async function create(given: Partial<CreateTask> = {}): Promise<string> {
  const [outcome] = await fixture.queue.create("acme", [item(given)]);
  if (outcome?.ok !== true) throw new Error("the task was refused");
  return fixture.queue.idOf(outcome.value.task);
}

function claim(given: Partial<ClaimOptions> = {}, worker = "w1"): Promise<Task[]> {
  const options = { commands: undefined, leaseMs: undefined, count: 1, waitMs: 0, signal: undefined, ...given };
  return fixture.queue.claim({ tenant: "acme", worker }, options);
}

/** Resolves when so many claims wait. */
async function waiting(claims: number): Promise<void> {
  while (fixture.queue.waiting.claims < claims) await Promise.resolve();
}

describe("waiting for tasks", () => {
  test("a waiting claim gets the task that is created, and only it is woken", async () => {
    const [first, second] = [claim({ waitMs: FOREVER }, "w1"), claim({ waitMs: FOREVER }, "w2")];
    await waiting(2);
    const id = await create();
    expect((await first).map((task) => fixture.queue.idOf(task))).toEqual([id]);
    expect(fixture.queue.waiting.claims).toBe(1);
    fixture.queue.drain();
    expect(await second).toEqual([]);
  });

  test("a delayed task wakes nobody before it is due", async () => {
    const store = new MemoryStore([1, 2]);
    const looks = spyOn(store, "claim");
    fixture = new QueueFixture(store);
    const claimed = claim({ waitMs: FOREVER });
    await waiting(1);
    const before = looks.mock.calls.length;
    await create({ delayMs: 1000 });
    await new Promise(setImmediate);
    expect(looks.mock.calls.length).toBe(before);
    await create();
    expect(await claimed).toHaveLength(1);
  });

  test("every way for a task to become claimable wakes who waits", async () => {
    const ways: [string, (id: string) => Promise<unknown>][] = [
      ["abandon", (id) => fixture.queue.abandon(ACME, id)],
      ["nack at once", (id) => fixture.queue.nack(ACME, id, 0, undefined)],
      [
        "nack with a delay, once it is due",
        async (id) => {
          await fixture.queue.nack(ACME, id, 1000, undefined);
          fixture.now += 1000;
          await fixture.queue.sweepDue();
        },
      ],
      [
        "a lease that ends, once the backoff is over",
        async () => {
          fixture.now += 300_000;
          await fixture.queue.sweepDue();
          fixture.now += 5000;
          await fixture.queue.sweepDue();
        },
      ],
      [
        "giving back",
        async (id) => {
          const task = await fixture.queue.get("acme", id);
          if (task !== undefined) await fixture.queue.giveBack(ACME, [task]);
        },
      ],
    ];
    for (const [name, release] of ways) {
      const id = await create({ maxAttempts: 100 });
      await claim();
      const waiter = claim({ waitMs: FOREVER }, "w2");
      await waiting(1);
      await release(id);
      expect(`${name}: ${(await waiter).map((task) => fixture.queue.idOf(task)).join()}`).toBe(`${name}: ${id}`);
      await fixture.queue.complete({ tenant: "acme", worker: "w2" }, [
        { id, state: "completed", result: "{}", error: undefined },
      ]);
    }
  });

  test("a lease that ends without a backoff wakes who waits at once", async () => {
    fixture = new QueueFixture(new MemoryStore([1, 2]), { retry: { backoff: "fixed", baseMs: 0, maxMs: 0 } });
    await create();
    await claim();
    const waiter = claim({ waitMs: FOREVER }, "w2");
    await waiting(1);
    fixture.now += 300_000;
    await fixture.queue.sweepDue();
    expect(await waiter).toHaveLength(1);
  });

  test("a delayed task announces when it is due", async () => {
    await create({ delayMs: 1234 });
    expect(fixture.dues).toEqual([1234]);
    expect(await fixture.queue.sweepDue()).toBe(fixture.now + 1234);
  });

  test("one who waits for many takes them all, and the others sleep on", async () => {
    const many = claim({ waitMs: FOREVER, count: 32 });
    const one = claim({ waitMs: FOREVER }, "w2");
    await waiting(2);
    await fixture.queue.create(
      "acme",
      Array.from({ length: 8 }, () => item()),
    );
    expect(await many).toHaveLength(8);
    expect(fixture.queue.waiting.claims).toBe(1);
    fixture.queue.drain();
    expect(await one).toEqual([]);
  });

  test.each([1, 2])("no wake-up is lost when a claim for %i that was woken takes something else", async (count) => {
    const both = claim({ waitMs: FOREVER, commands: ["a", "b"], count }, "both");
    await waiting(1);
    const onlyA = claim({ waitMs: FOREVER, commands: ["a"] }, "only-a");
    await waiting(2);
    // Wakes `both` for as many of a; before it looks, b has something more important.
    const some = Array.from({ length: count }, () => item({ command: "a" }));
    await Promise.all([
      fixture.queue.create("acme", some),
      fixture.queue.create("acme", [item({ command: "b", priority: 9 })]),
    ]);
    expect((await both).map((task) => task.command)).toEqual(["b", "a"].slice(0, count));
    expect((await onlyA).map((task) => task.command)).toEqual(["a"]);
  });

  test("a wildcard claim is woken for any command of its tenant, and for no other tenant's", async () => {
    const any = claim({ waitMs: FOREVER });
    await waiting(1);
    await fixture.queue.create("other", [item()]);
    expect(fixture.queue.waiting.claims).toBe(1);
    await create({ command: "never-heard-of" });
    expect((await any)[0]?.command).toBe("never-heard-of");
  });

  test("who hung up before its task was claimed does not take it", async () => {
    const controller = new AbortController();
    const gone = claim({ waitMs: FOREVER, signal: controller.signal });
    await waiting(1);
    controller.abort();
    const id = await create();
    expect(await gone).toEqual([]);
    expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "ready", attempts: 0 });
  });

  test("defect 17: a task claimed for one who hung up goes back at once, and is not counted", async () => {
    const id = await create();
    const controller = new AbortController();
    const gone = claim({ signal: controller.signal });
    controller.abort();
    expect(await gone).toEqual([]);
    expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "ready", attempts: 0 });
    expect(fixture.told).toEqual(["created 1 resize"]);
  });

  test("when the wait is over the answer is nothing", async () => {
    expect(await claim({ waitMs: 1 })).toEqual([]);
    expect(fixture.queue.waiting.claims).toBe(0);
  });

  test("more than the bound may not wait", async () => {
    fixture = new QueueFixture(new MemoryStore([1, 2]), { waitersMax: 1 });
    const first = claim({ waitMs: FOREVER });
    await waiting(1);
    expect(claim({ waitMs: FOREVER })).rejects.toThrow("too many waiting requests (limit 1)");
    fixture.queue.drain();
    await first;
  });
});

describe("results", () => {
  test("who waits for a result is woken by it, or by the task's death", async () => {
    const [done, dead, expired] = [await create(), await create({ maxAttempts: 1 }), await create({ maxAttempts: 1 })];
    await claim({ count: 3 });
    const waits = [done, dead, expired].map((id) => fixture.queue.getFinished("acme", id, FOREVER, undefined));
    while (fixture.queue.waiting.results < 3) await Promise.resolve();
    await fixture.queue.complete(ACME, [{ id: done, state: "completed", result: '{"n":1}', error: undefined }]);
    expect(await waits[0]).toMatchObject({ state: "completed", result: '{"n":1}' });
    await fixture.queue.nack(ACME, dead, undefined, "broken");
    expect(await waits[1]).toMatchObject({ state: "dead", error: "broken" });
    fixture.now += 300_000;
    await fixture.queue.sweepDue();
    expect(await waits[2]).toMatchObject({ state: "dead", error: "LEASE_EXPIRED" });
  });

  test("a wait that is over shows the task as it is", async () => {
    const id = await create();
    expect(await fixture.queue.getFinished("acme", id, 1, undefined)).toMatchObject({ state: "ready" });
    expect(await fixture.queue.getFinished("other", id, 1, undefined)).toBeUndefined();
    expect(fixture.queue.waiting.results).toBe(0);
  });

  test("a result, an error or a reason over the bound is refused, and the task stays leased", async () => {
    const id = await create();
    await claim();
    const long = `"${"x".repeat(999)}"`;
    for (const [result, error] of [
      [long, undefined],
      [undefined, long],
    ]) {
      const [outcome] = await fixture.queue.complete(ACME, [{ id, state: "failed", result, error }]);
      expect(outcome).toMatchObject({ ok: false, error: { code: "PAYLOAD_TOO_LARGE" } });
    }
    expect(await fixture.queue.nack(ACME, id, 0, long)).toMatchObject({
      ok: false,
      error: { code: "PAYLOAD_TOO_LARGE" },
    });
    expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "leased" });
  });

  test("items of a batch are answered each on its own, in order", async () => {
    const id = await create();
    await claim();
    const result = (task: string) => ({ id: task, state: "completed", result: "{}", error: undefined }) as const;
    const outcomes = await fixture.queue.complete(ACME, [result("nonsense"), result(id), result(id)]);
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.completedMs : outcome.error.code))).toEqual([
      "NOT_FOUND",
      fixture.now,
      "NOT_IN_PROGRESS",
    ]);
  });
});

describe("creating", () => {
  test("what is refused does not disturb its neighbours", async () => {
    const outcomes = await fixture.queue.create("acme", [item(), item({ command: "" }), item({ idempotencyKey: "k" })]);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true]);
    expect(await claim({ count: 10 })).toHaveLength(2);
  });

  test("defect 5: of concurrent creates with one key one creates, and all name the same task", async () => {
    const outcomes = (
      await Promise.all(Array.from({ length: 20 }, () => fixture.queue.create("acme", [item({ idempotencyKey: "k" })])))
    ).flat();
    const created = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
    expect(new Set(created.map(({ task }) => fixture.queue.idOf(task))).size).toBe(1);
    expect(created.filter((task) => !task.replayed)).toHaveLength(1);
    expect(fixture.told).toEqual(["created 1 resize"]);
  });

  test("new tasks fill the shards evenly, and one key always goes to the same shard", async () => {
    const shards = Array.from({ length: 4 }, () => new MemoryStore([1, 2]));
    fixture = new QueueFixture(new ShardedStore({ shards, formerShardCounts: [4], shardCount: 4 }), { shards: 4 });
    const counts = [0, 0, 0, 0];
    const homes = new Set<number>();
    for (let ms = 0; ms < 640; ms += 1) {
      fixture.now += 1;
      const outcomes = await fixture.queue.create("acme", [item(), item({ idempotencyKey: "k" })]);
      const [plain, keyed] = outcomes.map((outcome) => (outcome.ok ? outcome.value.task.key.shard : -1));
      counts[plain ?? -1] = (counts[plain ?? -1] ?? 0) + 1;
      homes.add(keyed ?? -1);
    }
    expect(counts).toEqual([160, 160, 160, 160]);
    expect(homes.size).toBe(1);
  });

  test("an empty batch is an empty answer", async () => {
    expect(await fixture.queue.create("acme", [])).toEqual([]);
    expect(await fixture.queue.complete(ACME, [])).toEqual([]);
  });
});

describe("time", () => {
  test("a lease over the limit is refused", () => {
    expect(claim({ leaseMs: 3_600_001 })).rejects.toThrow("lease of 3600.001 s is over the limit of 3600 s");
    expect(fixture.queue.heartbeat(ACME, "x", 1)).resolves.toMatchObject({ ok: false });
  });

  test("defect 21: a lease and a delay never end early, not by the fraction of a millisecond", async () => {
    fixture.now += 0.1;
    const startMs = fixture.now;
    await create({ delayMs: 5, command: "later" });
    const id = await create();
    await claim({ leaseMs: 5 });
    fixture.now = startMs + 4.99;
    await fixture.queue.sweepDue();
    expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "leased" });
    expect(await claim()).toEqual([]);
    fixture.now = startMs + 6;
    await fixture.queue.sweepDue();
    expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "delayed" });
    expect(await claim()).toHaveLength(1);
  });

  test("a heartbeat moves the lease from now on", async () => {
    const id = await create();
    await claim({ leaseMs: 1000 });
    fixture.now += 900;
    expect(await fixture.queue.heartbeat(ACME, id, 1000)).toMatchObject({ ok: true });
    fixture.now += 999;
    expect(await fixture.queue.sweepDue()).toBe(fixture.now + 1);
    expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "leased" });
  });

  test("defect 7: only finished tasks are forgotten, the retention after they finished", async () => {
    const [waits, done] = [await create({ delayMs: 86_400_000 }), await create()];
    fixture.now += 40_000;
    await claim();
    await fixture.queue.complete(ACME, [{ id: done, state: "completed", result: "{}", error: undefined }]);
    fixture.now += 59_999;
    expect(await fixture.queue.pruneFinished(10)).toBe(0);
    fixture.now += 1;
    expect(await fixture.queue.pruneFinished(10)).toBe(1);
    fixture.now += 1e9;
    expect(await fixture.queue.pruneFinished(10)).toBe(0);
    expect(await fixture.queue.get("acme", waits)).toMatchObject({ state: "delayed" });
  });

  test("cleanup forgets the tenant's alone", async () => {
    for (const tenant of ["acme", "other"]) {
      await fixture.queue.create(tenant, [item()]);
      const options = { commands: undefined, leaseMs: undefined, count: 1, waitMs: 0, signal: undefined };
      const [task] = await fixture.queue.claim({ tenant, worker: "w1" }, options);
      if (task === undefined) throw new Error("one was created");
      const id = fixture.queue.idOf(task);
      await fixture.queue.complete({ tenant, worker: "w1" }, [{ id, state: "failed", result: undefined, error: "e" }]);
    }
    expect(await fixture.queue.cleanup("acme", fixture.now + 59_999, 10)).toBe(0);
    expect(await fixture.queue.cleanup("acme", fixture.now + 60_000, 10)).toBe(1);
    expect(await fixture.queue.stats(undefined, undefined)).toMatchObject([{ tenant: "other", failed: 1 }]);
  });
});

test("defect 19: a task is delivered maxAttempts times, whether deliveries end by nack or by lease", async () => {
  const id = await create({ maxAttempts: 4 });
  let deliveries = 0;
  for (; (await claim()).length > 0; deliveries += 1) {
    if (deliveries % 2 === 0) await fixture.queue.nack(ACME, id, 0, "again");
    else {
      fixture.now += 300_000;
      await fixture.queue.sweepDue();
      fixture.now += 5000;
      await fixture.queue.sweepDue();
    }
  }
  expect(deliveries).toBe(4);
  expect(await fixture.queue.get("acme", id)).toMatchObject({ state: "dead", attempts: 4, error: "LEASE_EXPIRED" });
});

test("the observer is told what happened, once", async () => {
  const id = await create();
  await create({ maxAttempts: 1 });
  await claim({ count: 2 });
  fixture.now += 10;
  await fixture.queue.complete(ACME, [{ id, state: "completed", result: "{}", error: undefined }]);
  fixture.now += 300_000;
  await fixture.queue.sweepDue();
  expect(fixture.told).toEqual([
    "created 1 resize",
    "created 1 resize",
    "claimed 2",
    "completed resize after 10",
    "expired 1 resize",
    "dead resize after 300010",
  ]);
});
