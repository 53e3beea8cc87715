import { afterAll, expect, test } from "bun:test";
import type { NewTask, Store } from "../../queue/store.ts";
import { storeContract } from "../store-contract.ts";
import { claimBy, NOW, newTask, RULE } from "../store-fixture.ts";
import { SqliteFixture } from "./sqlite-fixture.ts";

const fixtures: SqliteFixture[] = [];
afterAll(() => {
  for (const fixture of fixtures) fixture[Symbol.dispose]();
});

storeContract("sqlite store", async () => {
  const fixture = new SqliteFixture();
  fixtures.push(fixture);
  return fixture.open();
});

test("numbers are not used again after a restart, even when everything is gone", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const task = newTask({ maxAttempts: 1 });
  await store.insert([task], NOW);
  await store.claim([claimBy("w1")], NOW);
  await store.release(
    [{ key: task.key, tenant: "acme", worker: "w1", kind: "nack", delayMs: 0, reason: "x" }],
    RULE,
    NOW,
  );
  expect(await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 1 })).toBe(1);
  expect(store.empty).toBe(true);
  await store.close();
  const reopened = fixture.open();
  expect(reopened.lastSequence).toBeGreaterThanOrEqual(task.key.sequence);
  expect(reopened.seed).toEqual([3, 4]);
  await reopened.close();
});

test("more commands than the bound are refused, those that are known go on, and room comes back", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open({ lanesMax: 4 });
  const [a, b, c, again] = ["a", "b", "c", "A"].map((command) => newTask({ command, maxAttempts: 1 }));
  if (a === undefined || b === undefined || c === undefined || again === undefined) throw new Error("four tasks");
  const outcomes = await store.insert([a, b, c, again], NOW);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["created", "created", "failed", "created"]);
  expect(outcomes[2]).toMatchObject({ code: "TOO_MANY_COMMANDS" });
  await store.claim([claimBy("w1", { commands: ["b"] })], NOW);
  await store.release([{ key: b.key, tenant: "acme", worker: "w1", kind: "nack", delayMs: 0, reason: "x" }], RULE, NOW);
  await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 1 });
  expect(await store.insert([c], NOW)).toEqual([{ kind: "created" }]);
  await store.close();
});

test("the key of a task that was refused is free, for the next of the same call and later", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open({ lanesMax: 4 });
  const refused = newTask({ command: "c", idempotencyKey: "k" });
  const next = newTask({ command: "a", idempotencyKey: "k" });
  const commands = ["a", "b"].map((command) => newTask({ command }));
  const kinds = async (items: readonly NewTask[]): Promise<string[]> =>
    (await store.insert(items, NOW)).map(({ kind }) => kind);
  expect(await kinds([...commands, newTask({ command: "c", idempotencyKey: "later" })])).toEqual([
    "created",
    "created",
    "failed",
  ]);
  expect(await kinds([refused, next, newTask({ command: "a", idempotencyKey: "k" })])).toEqual([
    "failed",
    "created",
    "existing",
  ]);
  expect((await store.find([{ tenant: "acme", idempotencyKey: "k" }]))[0]?.key).toEqual(next.key);
  expect(await kinds([newTask({ command: "a", idempotencyKey: "later" })])).toEqual(["created"]);
  await store.close();
});

test("of many tasks with keys in one call those get them that come first", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const keyed = (numbers: readonly number[]): NewTask[] =>
    numbers.map((number) => newTask({ idempotencyKey: `k${number}`, payload: String(number) }));
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);
  const first = keyed(range(0, 40));
  expect(await store.insert(first, NOW)).toEqual(first.map(() => ({ kind: "created" })));
  const mixed = [newTask(), ...keyed([...range(30, 40), 50, 0]), newTask({ tenant: "other", idempotencyKey: "k1" })];
  const outcomes = await store.insert(mixed, NOW);
  expect(outcomes.map((outcome) => (outcome.kind === "existing" ? outcome.task.payload : outcome.kind))).toEqual([
    "created",
    ...range(30, 10).map(String),
    ...range(40, 30).map(() => "created"),
    "50",
    "0",
    "created",
  ]);
  const [tasks = []] = await store.claim([claimBy("w1", { count: 100 })], NOW);
  expect(tasks).toHaveLength(71);
  await store.close();
});

test("a tenant with many commands leaves room for the next tenant, and that for a third", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open({ lanesMax: 16 });
  const counts: number[] = [];
  for (const tenant of ["first", "second", "third"]) {
    const many = Array.from({ length: 20 }, (_, number) => newTask({ tenant, command: `c${number}` }));
    const outcomes = await store.insert(many, NOW);
    counts.push(outcomes.filter(({ kind }) => kind === "created").length);
  }
  expect(counts).toEqual([8, 4, 2]);
  expect(await store.insert([newTask({ tenant: "first", command: "c0" })], NOW)).toEqual([{ kind: "created" }]);
  await store.close();
});

test("pruning takes part of what finished together, and the rest the next time, restart or not", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const tasks = Array.from({ length: 5 }, () => newTask());
  const others = Array.from({ length: 3 }, () => newTask({ tenant: "other" }));
  await store.insert([...tasks, ...others], NOW);
  for (const tenant of ["acme", "other"]) {
    const [claimed = []] = await store.claim([claimBy("w1", { tenant })], NOW);
    const result = { tenant, worker: "w1", state: "completed", result: "{}" } as const;
    await store.complete(
      claimed.map(({ key }) => ({ key, ...result })),
      NOW,
    );
  }
  const prune = (from: Store, tenant: string | undefined, limit: number): Promise<number> =>
    from.prune({ tenant, finishedBeforeMs: NOW, limit });
  expect(await prune(store, "other", 2)).toBe(2);
  expect(await prune(store, "acme", 2)).toBe(2);
  expect((await store.get(tasks)).filter((task) => task !== undefined)).toHaveLength(3);
  await store.close();
  const reopened = fixture.open();
  expect(await prune(reopened, undefined, 3)).toBe(3);
  expect(await prune(reopened, undefined, 3)).toBe(1);
  expect(await prune(reopened, undefined, 3)).toBe(0);
  expect(reopened.empty).toBe(true);
  await reopened.close();
});

test("pruning one tenant's tasks passes over those of others in small steps, and others are served in between", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const tasks = Array.from({ length: 4000 }, () => newTask({ tenant: "big" }));
  const own = [newTask(), newTask()];
  await store.insert([...tasks, ...own], NOW);
  await store.claim([claimBy("w1", { tenant: "big", count: tasks.length }), claimBy("w1")], NOW);
  const result = { worker: "w1", state: "completed", result: "{}" } as const;
  // One after the other, so that each is looked at on its own; those to be pruned come first and last.
  const finishing = [...own.slice(0, 1), ...tasks, ...own.slice(1)];
  await Promise.all(
    finishing.map(({ tenant, key }, index) => store.complete([{ ...result, tenant, key }], NOW + index)),
  );
  const order: string[] = [];
  const request = { tenant: "acme", finishedBeforeMs: NOW + finishing.length, limit: 10 };
  await Promise.all([
    store.prune(request).then((pruned) => order.push(`pruned ${pruned}`)),
    store.insert([newTask()], NOW).then(() => order.push("inserted")),
  ]);
  expect(order).toEqual(["inserted", "pruned 2"]);
  expect(fixture.commits.length).toBeGreaterThan(5);
  await store.close();
});

test("a batch of results is taken whole, whoever else holds tasks in between", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  const tasks = Array.from({ length: 6 }, () => newTask());
  await store.insert(tasks, NOW);
  for (const worker of ["w1", "w2", "w1", "w1", "w1", "w1"]) await store.claim([claimBy(worker, { count: 1 })], NOW);
  const results = (indexes: readonly number[]) =>
    indexes.map((index) => {
      const task = tasks[index];
      if (task === undefined) throw new Error("six tasks");
      return { key: task.key, tenant: "acme", worker: "w1", state: "completed", result: "{}" } as const;
    });
  const kinds = async (indexes: readonly number[]): Promise<string[]> =>
    (await store.complete(results(indexes), NOW)).map((outcome) => outcome.kind);
  expect(await kinds([0, 2])).toEqual(["finished", "finished"]);
  expect(await kinds([1, 3])).toEqual(["not-owner", "finished"]);
  expect(await kinds([5, 4])).toEqual(["finished", "finished"]);
  expect(await store.stats({ tenant: "acme", command: undefined })).toMatchObject([{ leased: 1, completed: 5 }]);
  await store.close();
});
