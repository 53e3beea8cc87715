import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodeqError } from "../queue/errors.ts";
import { shardOfKey } from "../queue/shard-of-key.ts";
import type { Failed, InsertOutcome, NewTask, Store } from "../queue/store.ts";
import { MemoryStore } from "./memory-store.ts";
import { openStore } from "./open-store.ts";
import { ShardedStore, shareOut } from "./sharded-store.ts";
import { storeContract } from "./store-contract.ts";
import { claimBy, NOW, newTask, RULE } from "./store-fixture.ts";

storeContract("sharded store", async () => {
  const shards = [new MemoryStore([1, 2]), new MemoryStore([1, 2]), new MemoryStore([1, 2])];
  // The suite puts all its tasks into shard 0, as a single shard would have.
  return new ShardedStore({ shards, formerShardCounts: [1], shardCount: 3 });
});

class DataDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-shards-"));
  readonly events: string[] = [];

  open(shards: number): Promise<Store> {
    return openStore({
      dataDir: this.path,
      shards,
      durability: "off",
      cacheBytes: 2 ** 20,
      diskReserveBytes: 0,
      lanesMax: 1000,
      acceptDataLoss: false,
      onCommit: () => undefined,
      onEvent: (_, message) => this.events.push(message),
      freshSeed: [5, 6],
      clock: () => 0,
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

function inShard(shard: number, given: Partial<NewTask> = {}): NewTask {
  const task = newTask(given);
  return { ...task, key: { shard, sequence: task.key.sequence } };
}

/** As TaskQueue places it. */
function keyed(idempotencyKey: string, shards: number): NewTask {
  return inShard(shardOfKey("acme", idempotencyKey, shards), { idempotencyKey });
}

test("a claim takes the highest priorities first, wherever they are", async () => {
  using directory = new DataDirectory();
  const store = await directory.open(3);
  await store.insert(
    [0, 1, 2].flatMap((shard) => [1, 5, 9].map((priority) => inShard(shard, { priority: priority - (shard % 2) }))),
    NOW,
  );
  const [tasks = []] = await store.claim([claimBy("w1", { count: 5 })], NOW);
  expect(tasks.map((task) => task.priority)).toEqual([9, 9, 8, 5, 5]);
  await store.close();
});

test("a claim that finds its share taken looks again, and ends empty only when nothing is left", async () => {
  using directory = new DataDirectory();
  const store = await directory.open(3);
  await store.insert([inShard(0), inShard(1), inShard(2)], NOW);
  const claims = await Promise.all(
    ["w1", "w2", "w3", "w4"].map(
      async (worker) => (await store.claim([claimBy(worker, { count: 1 })], NOW))[0]?.length,
    ),
  );
  expect(claims.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([0, 1, 1, 1]);
  await store.close();
});

test("a claim sees what its shards were just asked to insert, after a change of their number as well", async () => {
  using directory = new DataDirectory();
  for (const shards of [3, 2]) {
    const store = await directory.open(shards);
    const inserted = store.insert([inShard(0), keyed(`key-${shards}`, shards)], NOW);
    const [tasks = []] = await store.claim([claimBy("w1")], NOW);
    expect(tasks).toHaveLength(2);
    expect(await inserted).toEqual([{ kind: "created" }, { kind: "created" }]);
    await store.close();
  }
});

test("shares go to the highest priority first and take turns within it", () => {
  const seen = [
    [5, 0, 2],
    [5, 0, 1],
    [0, 4, 0],
  ].map((counts) => [...counts, 0, 0, 0, 0, 0, 0, 0]);
  expect(shareOut(seen, 2, 0)).toEqual([2, 0, 0]);
  expect(shareOut(seen, 2, 1)).toEqual([1, 1, 0]);
  expect(shareOut(seen, 8, 0)).toEqual([3, 1, 4]);
  expect(shareOut(seen, 100, 2)).toEqual([7, 6, 4]);
});

test("items of one call reach their shards and are answered in order", async () => {
  using directory = new DataDirectory();
  const store = await directory.open(2);
  const tasks = [inShard(1), inShard(0), inShard(1)];
  expect(await store.insert(tasks, NOW)).toEqual(tasks.map(() => ({ kind: "created" })));
  await store.claim([claimBy("w1")], NOW);
  const [a, b, c] = tasks;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three tasks");
  const elsewhere = { ...b, key: { shard: 40, sequence: b.key.sequence } };
  const released = await store.release(
    [a, elsewhere, b, c].map((task) => ({ ...task, worker: "w1", kind: "abandon" })),
    RULE,
    NOW,
  );
  expect(released.map((outcome) => outcome.kind)).toEqual(["ready", "not-found", "ready", "ready"]);
  expect(await store.stats({ tenant: "acme", command: undefined })).toMatchObject([
    { ready: [3, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
  ]);
  await store.close();
});

test("defect 4: an idempotency key finds its task however often the number of shards changes", async () => {
  using directory = new DataDirectory();
  const first = new Map<string, number>();
  for (const shards of [4, 2, 1, 8, 4, 3]) {
    const store = await directory.open(shards);
    for (let number = 0; number < 20; number += 1) {
      const task = keyed(`key-${number}`, shards);
      const [outcome] = await store.insert([task], NOW);
      const known = first.get(`key-${number}`);
      if (known === undefined) {
        expect(outcome).toEqual({ kind: "created" });
        first.set(`key-${number}`, task.key.sequence);
      } else {
        expect(outcome).toMatchObject({ kind: "existing", task: { key: { sequence: known } } });
      }
      const [found] = await store.find([{ tenant: "acme", idempotencyKey: `key-${number}` }]);
      expect(found?.key.sequence).toBe(first.get(`key-${number}`));
    }
    await store.close();
  }
});

test("fewer shards: the others are served until they are empty, and then go", async () => {
  using directory = new DataDirectory();
  const four = await directory.open(4);
  await four.insert(
    [0, 1, 2, 3].map((shard) => inShard(shard)),
    NOW,
  );
  await four.close();

  const one = await directory.open(1);
  const [tasks = []] = await one.claim([claimBy("w1")], NOW);
  expect(tasks.map((task) => task.key.shard).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  await one.complete(
    tasks.map(({ key }) => ({ key, tenant: "acme", worker: "w1", state: "completed", result: "{}" })),
    NOW,
  );
  await one.close();

  const before = await directory.open(1);
  expect(await before.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 3 })).toBe(3);
  expect(await before.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 3 })).toBe(1);
  await before.close();
  await (await directory.open(1)).close();
  expect(readdirSync(directory.path).filter((name) => name.endsWith(".sqlite"))).toEqual(["shard-00.sqlite"]);
});

test("a missing shard in the middle is told, not made anew", async () => {
  using directory = new DataDirectory();
  await (await directory.open(3)).close();
  rmSync(join(directory.path, "shard-01.sqlite"));
  expect(directory.open(3)).rejects.toThrow("shard-01.sqlite is missing");
});

const OUTAGE: Failed = { kind: "failed", code: "UNAVAILABLE", message: "storage unavailable" };

test("a shard that is out of order holds up its own items alone", async () => {
  const shards = [new MemoryStore([1, 2]), new ClosedShard([1, 2])];
  const store = new ShardedStore({ shards, formerShardCounts: [2], shardCount: 2 });
  const [here, there] = [inShard(0), inShard(1)];
  expect(await store.insert([here, there], NOW)).toEqual([{ kind: "created" }, OUTAGE]);
  expect(store.fault()).toBe("shard 1: out of order");
  expect(await store.peek([{ tenant: "acme", commands: undefined }])).toMatchObject([[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
  expect(await store.stats({ tenant: "acme", command: undefined })).toMatchObject([{ leased: 0, completed: 0 }]);
  expect((await store.claim([claimBy("w1")], NOW))[0]).toHaveLength(1);
  const held = [here, there].map(({ key, tenant }) => ({ key, tenant, worker: "w1" }));
  const extensions = held.map((lease) => ({ ...lease, leaseUntilMs: NOW + 1000 }));
  expect(await store.extend(extensions, NOW)).toEqual([{ kind: "accepted" }, OUTAGE]);
  expect((await store.expire(10, RULE, NOW + 1000)).lanes).toMatchObject([{ delayed: 1 }]);
  expect((await store.promote(10, NOW + 6000)).lanes).toMatchObject([{ ready: 1 }]);
  await store.claim([claimBy("w1")], NOW);
  const results = held.map((lease) => ({ ...lease, state: "completed" as const, result: "{}" }));
  expect(await store.complete(results, NOW)).toMatchObject([{ kind: "finished" }, OUTAGE]);
  expect(await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 10 })).toBe(1);
  expect(store.insert([inShard(1)], NOW)).rejects.toThrow("storage unavailable");
});

test("with every shard out of order nothing is answered", async () => {
  const shards = [new ClosedShard([1, 2]), new ClosedShard([1, 2])];
  const store = new ShardedStore({ shards, formerShardCounts: [2], shardCount: 2 });
  expect(store.claim([claimBy("w1")], NOW)).rejects.toThrow("storage unavailable");
  expect(store.stats({ tenant: "acme", command: undefined })).rejects.toThrow("storage unavailable");
  expect([0, 1, 2].map((turn) => store.home(turn))).toEqual([0, 1, 0]);
});

test("a task that may go anywhere goes to the shards that work, in turn", () => {
  const [works, closed] = [new MemoryStore([1, 2]), new ClosedShard([1, 2])];
  const homes = (shards: readonly Store[], shardCount: number): number[] => {
    const store = new ShardedStore({ shards, formerShardCounts: [shardCount], shardCount });
    return Array.from({ length: shardCount * 2 }, (_, turn) => store.home(turn));
  };
  expect(homes([works, works, works], 3)).toEqual([0, 1, 2, 0, 1, 2]);
  expect(homes([works, closed, works], 3)).toEqual([0, 2, 2, 0, 2, 2]);
  // The last one is only served until it is empty.
  expect(homes([closed, works, works], 2)).toEqual([1, 1, 1, 1]);
});

test("a key that a shard out of order may know is refused, and nothing beside it", async () => {
  const store = new ShardedStore({
    shards: [new MemoryStore([1, 2]), new ClosedShard([1, 2])],
    formerShardCounts: [2],
    shardCount: 1,
  });
  const keys = Array.from({ length: 10 }, (_, number) => `key-${number}`);
  const items = [inShard(0), ...keys.map((key) => keyed(key, 1))];
  const outcomes = await store.insert(items, NOW);
  const expected = keys.map((key): InsertOutcome => (shardOfKey("acme", key, 2) === 0 ? { kind: "created" } : OUTAGE));
  expect(new Set(expected).size).toBeGreaterThan(1);
  expect(outcomes).toEqual([{ kind: "created" }, ...expected]);
});

test("what a sweep moved in one shard is told although another one fails, and the failure the next time", async () => {
  const [sound, failing] = [new MemoryStore([1, 2]), new FailingSweeps([1, 2])];
  const store = new ShardedStore({ shards: [sound, failing], formerShardCounts: [2], shardCount: 2 });
  await store.insert([inShard(0, { dueMs: NOW + 10 }), inShard(1, { dueMs: NOW + 10 })], NOW);
  expect(await store.promote(10, NOW + 10)).toMatchObject({ lanes: [{ ready: 1 }], nextDueMs: NOW + 10 });
  expect(store.promote(10, NOW + 10)).rejects.toThrow("disk full");
  await store.claim([claimBy("w1", { leaseUntilMs: NOW + 20 })], NOW + 10);
  expect(await store.expire(10, RULE, NOW + 20)).toMatchObject({ lanes: [{ delayed: 1 }], nextDueMs: NOW + 20 });
  expect(store.expire(10, RULE, NOW + 20)).rejects.toThrow("disk full");
});

/** Has no file, as after an I/O error. */
class ClosedShard extends MemoryStore {
  override insert = unavailable;
  override peek = unavailable;
  override claim = unavailable;
  override extend = unavailable;
  override complete = unavailable;
  override release = unavailable;
  override expire = unavailable;
  override promote = unavailable;
  override prune = unavailable;
  override get = unavailable;
  override find = unavailable;
  override stats = unavailable;
  override fault(): string {
    return "shard 1: out of order";
  }
}

class FailingSweeps extends MemoryStore {
  override expire = diskFull;
  override promote = diskFull;
}

async function unavailable(): Promise<never> {
  throw new CodeqError("UNAVAILABLE", "storage unavailable");
}

async function diskFull(): Promise<never> {
  throw new CodeqError("DISK_FULL", "disk full");
}
