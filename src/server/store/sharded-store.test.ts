import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shardOfKey } from "../queue/shard-of-key.ts";
import type { NewTask, Store } from "../queue/store.ts";
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

test("a shard that is out of order holds up its own items alone", async () => {
  const shards = [new MemoryStore([1, 2]), new ClosedShard([1, 2])];
  const store = new ShardedStore({ shards, formerShardCounts: [2], shardCount: 2 });
  expect(await store.insert([inShard(0), inShard(1)], NOW)).toEqual([
    { kind: "created" },
    { kind: "failed", code: "INTERNAL", message: "Error: out of order" },
  ]);
  expect(store.fault()).toBe("out of order");
  expect((await store.claim([claimBy("w1")], NOW))[0]).toHaveLength(1);
  expect(store.insert([inShard(1)], NOW)).rejects.toThrow("out of order");
});

class ClosedShard extends MemoryStore {
  override insert(): Promise<never> {
    return Promise.reject(new Error("out of order"));
  }
  override fault(): string {
    return "out of order";
  }
}
