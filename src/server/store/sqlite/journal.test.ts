import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { claimBy, NOW, newTask, RULE } from "../store-fixture.ts";
import { SqliteFixture } from "./sqlite-fixture.ts";
import type { SqliteStore } from "./sqlite-store.ts";

/** Room for a journal of 2 KiB. */
const CACHE_BYTES = 16_384;

async function cycle(store: SqliteStore, count: number): Promise<void> {
  const result = { tenant: "acme", worker: "w1", state: "completed", result: "{}" } as const;
  await store.insert(
    Array.from({ length: count }, () => newTask()),
    NOW,
  );
  const [tasks = []] = await store.claim([claimBy("w1", { count })], NOW);
  await store.complete(
    tasks.map(({ key }) => ({ key, ...result })),
    NOW,
  );
}

/** What an SQLite client sees in a copy of the file. */
function look<Row>(fixture: SqliteFixture, sql: string): Row[] {
  using copy = fixture.copy();
  const db = new Database(join(copy.directory, "shard-00.sqlite"));
  try {
    return db.query<Row, []>(sql).all();
  } finally {
    db.close();
  }
}

test("what passes through a shard in moments leaves no rows but its end, and a journal that stays short", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open({ cacheBytes: CACHE_BYTES });
  let longest = 0;
  for (let round = 0; round < 40; round += 1) {
    await cycle(store, 5);
    const [sizes] = look<{ bytes: number }>(fixture, "SELECT sum(length(numbers)) AS bytes FROM journal");
    longest = Math.max(longest, sizes?.bytes ?? 0);
  }
  expect(longest).toBeGreaterThan(1024);
  expect(longest).toBeLessThan(4096);
  const counts =
    "SELECT (SELECT count(*) FROM ready) + (SELECT count(*) FROM lease) AS live, count(*) AS done FROM done";
  expect(look(fixture, counts)).toEqual([{ live: 0, done: 200 }]);
  expect(await store.stats({ tenant: "acme", command: undefined })).toMatchObject([{ leased: 0, completed: 200 }]);
  await store.close();
});

test("what lasts is carried along when the journal is begun anew, through a crash too", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open({ cacheBytes: CACHE_BYTES });
  const [held, waiting] = [newTask(), newTask({ priority: 0, command: "other" })];
  await store.insert([held, waiting], NOW);
  await store.claim([claimBy("w9", { commands: [held.command], count: 1, leaseUntilMs: NOW + 5 })], NOW);
  for (let round = 0; round < 40; round += 1) {
    await store.insert([newTask()], NOW);
    await store.claim([claimBy("w1", { commands: [held.command] })], NOW);
  }
  using crash = fixture.copy();
  await store.close();
  const reopened = crash.open({ cacheBytes: CACHE_BYTES });
  expect(await reopened.get([held, waiting])).toMatchObject([
    { state: "leased", worker: "w9", leaseUntilMs: NOW + 5 },
    { state: "ready" },
  ]);
  const result = { tenant: "acme", worker: "w9", state: "completed", result: "{}" } as const;
  expect(await reopened.complete([{ key: held.key, ...result }], NOW)).toMatchObject([{ kind: "finished" }]);
  await reopened.close();
});

test("results that shared a commit keep their times through a crash", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const tasks = [newTask(), newTask(), newTask()];
  await store.insert(tasks, NOW);
  await store.claim([claimBy("w1")], NOW);
  const result = { tenant: "acme", worker: "w1", state: "completed", result: "{}" } as const;
  await Promise.all(tasks.map(({ key }, index) => store.complete([{ key, ...result }], NOW + index)));
  using crash = fixture.copy();
  await store.close();
  const reopened = crash.open();
  const prune = (finishedBeforeMs: number) => reopened.prune({ tenant: undefined, finishedBeforeMs, limit: 10 });
  expect([await prune(NOW), await prune(NOW + 1), await prune(NOW + 1), await prune(NOW + 2)]).toEqual([1, 1, 0, 1]);
  expect(reopened.empty).toBe(true);
  await reopened.close();
});

test("a lane that was forgotten does not come back when the journal is begun anew", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open({ cacheBytes: CACHE_BYTES });
  await cycle(store, 1);
  await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 10 });
  for (let count = 0; count < 60; count += 1) await store.insert([newTask({ command: "other" })], NOW);
  expect(look(fixture, "SELECT min(id) > 10 AS begun FROM journal")).toEqual([{ begun: 1 }]);
  expect(look(fixture, "SELECT command FROM lane")).toEqual([{ command: "other" }]);
  await store.close();
});

test.each([
  ["in memory", 2 ** 20],
  ["in tables", 1024],
])(
  "with states %s every change is counted, so that its loss is noticed, and nothing else is",
  async (_, cacheBytes) => {
    using fixture = new SqliteFixture();
    const store = fixture.open({ cacheBytes });
    const [task, delayed, nacked, late] = [newTask(), newTask({ dueMs: NOW + 1 }), newTask(), newTask()];
    const held = { tenant: "acme", worker: "w1" };
    const claim = () => store.claim([claimBy("w1", { leaseUntilMs: NOW + 5 })], NOW);
    const prune = () => store.prune({ tenant: undefined, finishedBeforeMs: NOW + 9, limit: 10 });
    const result = { ...held, state: "completed", result: "{}" } as const;
    const changes: Record<string, () => unknown> = {
      insert: () => store.insert([task], NOW),
      claim,
      extend: () => store.extend([{ ...held, key: task.key, leaseUntilMs: NOW + 7 }], NOW),
      complete: () => store.complete([{ ...result, key: task.key }], NOW),
      "prune, which empties the lane": prune,
      "insert of a delayed task": () => store.insert([delayed], NOW),
      promote: () => store.promote(10, NOW + 1),
      "insert of two": () => store.insert([nacked, late], NOW),
      "claim of all": claim,
      nack: () => store.release([{ ...held, key: nacked.key, kind: "nack", delayMs: 1, reason: "x" }], RULE, NOW),
      return: () => store.release([{ ...held, key: delayed.key, kind: "return" }], RULE, NOW),
      expire: () => store.expire(10, RULE, NOW + 6),
      remember: () => store.remember("name", "value"),
    };
    const nothing: Record<string, () => unknown> = {
      "claim that finds nothing": () => store.claim([claimBy("w1", { commands: ["none"] })], NOW),
      "result that nobody may hand in": () => store.complete([{ ...result, key: task.key }], NOW),
      "prune that finds nothing": prune,
      "insert of nothing": () => store.insert([], NOW),
      "promote of nothing": () => store.promote(10, NOW),
      "expire of nothing": () => store.expire(10, RULE, NOW),
    };
    const counted = (): number => look<{ id: number }>(fixture, "SELECT max(id) AS id FROM journal")[0]?.id ?? 0;
    let expected = counted();
    for (const [name, change] of Object.entries(changes)) {
      await change();
      expected += 1;
      expect([name, counted()]).toEqual([name, expected]);
    }
    for (const [name, call] of Object.entries(nothing)) {
      await call();
      expect([name, counted()]).toEqual([name, expected]);
    }
    await store.close();
  },
);

test("a journal that breaks off, or tells of what is not there, is damage", async () => {
  const damages = ["UPDATE journal SET numbers = substr(numbers, 1, length(numbers) - 8)", "DELETE FROM lane"];
  for (const damage of damages) {
    using fixture = new SqliteFixture();
    const store = fixture.open();
    await store.insert([newTask()], NOW);
    await store.claim([claimBy("w1")], NOW);
    await store.close();
    const db = new Database(join(fixture.directory, "shard-00.sqlite"));
    db.run(damage);
    db.close(true);
    expect(() => fixture.open()).toThrow(/shard-00.sqlite is damaged.*Restore it from a backup/);
  }
});
