import { expect, test } from "bun:test";
import { QueueFixture } from "../../queue/queue-fixture.ts";
import { claimBy, NOW, newTask } from "../store-fixture.ts";
import { SqliteFixture } from "./sqlite-fixture.ts";

test("defect 42: what arrives in one turn shares one commit, whatever its kind", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  await Promise.all([
    store.insert([newTask()], NOW),
    store.claim([claimBy("w1")], NOW),
    store.promote(10, NOW),
    store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 10 }),
  ]);
  expect(fixture.commits).toEqual([2]);
  await store.close();
});

test("a commit is told by how many tasks it changed, and a claim that finds nothing makes none", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  await Promise.all([
    store.insert([newTask(), newTask(), newTask()], NOW),
    store.claim([claimBy("w1", { count: 2 })], NOW),
  ]);
  await store.claim([claimBy("w2")], NOW);
  await store.claim([claimBy("w3")], NOW);
  expect(fixture.commits).toEqual([5, 1]);
  await store.close();
});

test("workers that wait get the new tasks of a turn in the commit that stores them", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const { queue } = new QueueFixture(store);
  const waits = { leaseMs: undefined, waitMs: Number.POSITIVE_INFINITY, signal: undefined };
  const claims = ["w1", "w2", "w3"].map((worker, index) =>
    queue.claim({ tenant: "acme", worker }, { commands: ["resize"], count: index + 1, ...waits }),
  );
  while (queue.waiting.claims < 3) await Promise.resolve();
  const created = ["1", "2", "3", "4"].map((payload) =>
    queue.create("acme", [{ ...newTask(), payload, runAtMs: undefined, delayMs: undefined }]),
  );
  const taken = (await Promise.all(claims)).map((tasks) => tasks.map(({ payload }) => payload));
  expect(taken).toEqual([["1"], ["2", "3"], ["4"]]);
  expect((await Promise.all(created)).flat().map(({ ok }) => ok)).toEqual([true, true, true, true]);
  expect(fixture.commits).toEqual([8]);
  await store.close();
});

test.each([
  ["without keys", []],
  ["with keys", ["k1", "k2", "k3"]],
])("an operation that cannot be done fails alone, the others of its group are committed: %s", async (_, keys) => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const [first, second] = [newTask({ idempotencyKey: keys[0] }), newTask({ idempotencyKey: keys[1] })];
  const sameNumber = newTask({ key: first.key, idempotencyKey: keys[2] });
  const outcomes = await Promise.allSettled([
    store.insert([first], NOW),
    // The same row number again: a fault of the caller's that SQLite refuses.
    store.insert([second, sameNumber], NOW),
    store.insert([newTask({ priority: 4 })], NOW),
  ]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "INTERNAL" } });
  expect(await store.get([second])).toEqual([undefined]);
  expect(await store.stats({ tenant: undefined, command: undefined })).toMatchObject([
    { ready: [1, 0, 0, 0, 1, 0, 0, 0, 0, 0] },
  ]);
  expect(store.fault()).toBeUndefined();
  await store.close();
  const reopened = fixture.open();
  expect(await reopened.stats({ tenant: undefined, command: undefined })).toMatchObject([
    { ready: [1, 0, 0, 0, 1, 0, 0, 0, 0, 0] },
  ]);
  await reopened.close();
});

test("closing commits what is pending", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const task = newTask();
  const inserted = store.insert([task], NOW);
  await store.close();
  expect(await inserted).toEqual([{ kind: "created" }]);
  const reopened = fixture.open();
  expect(await reopened.get([task])).toMatchObject([{ state: "ready" }]);
  await reopened.close();
});

test("a closed store says so", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  await store.close();
  const outcomes = await Promise.allSettled([
    store.insert([newTask()], NOW),
    store.claim([claimBy("w")], NOW),
    store.get([]),
  ]);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE" } });
});

test("results that share a commit are pruned each by its own time, and at once if need be", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const tasks = [newTask(), newTask(), newTask()];
  await store.insert(tasks, NOW);
  await store.claim([claimBy("w1")], NOW);
  const prune = (finishedBeforeMs: number) => store.prune({ tenant: undefined, finishedBeforeMs, limit: 10 });
  const result = { tenant: "acme", worker: "w1", state: "completed", result: "{}" } as const;
  const counts = await Promise.all([
    ...tasks.map(({ key }, index) => store.complete([{ key, ...result }], NOW + index)),
    prune(NOW),
    prune(NOW + 1),
  ]);
  expect(counts.slice(-2)).toEqual([1, 1]);
  expect(await prune(NOW + 1)).toBe(0);
  expect(await prune(NOW + 2)).toBe(1);
  await store.close();
});

test("what was undone leaves no trace: results of a group that is run again count once", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const task = newTask();
  await store.insert([task], NOW);
  await store.claim([claimBy("w1")], NOW);
  const [completed, refused] = await Promise.allSettled([
    store.complete([{ key: task.key, tenant: "acme", worker: "w1", state: "completed", result: "{}" }], NOW),
    store.insert([task], NOW),
  ]);
  expect([completed, refused]).toMatchObject([{ value: [{ kind: "finished" }] }, { status: "rejected" }]);
  expect(await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 10 })).toBe(1);
  expect(store.empty).toBe(true);
  await store.close();
});

test("a claim that was undone with its group gets the same task when it is run again", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const [first, second] = [newTask(), newTask()];
  await store.insert([first, second], NOW);
  const [claimed, refused] = await Promise.allSettled([
    store.claim([claimBy("w1", { count: 1 })], NOW),
    store.insert([first], NOW),
  ]);
  expect([claimed, refused]).toMatchObject([{ value: [[{ key: first.key }]] }, { status: "rejected" }]);
  expect(await store.claim([claimBy("w2", { count: 1 })], NOW)).toMatchObject([[{ key: second.key }]]);
  await store.close();
});
