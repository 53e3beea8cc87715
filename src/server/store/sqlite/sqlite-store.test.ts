import { afterAll, expect, test } from "bun:test";
import { claimBy, NOW, newTask, RULE, storeContract } from "../store-contract.ts";
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
  const store = fixture.open({ lanesMax: 2 });
  const [a, b, c, again] = ["a", "b", "c", "A"].map((command) => newTask({ command, maxAttempts: 1 }));
  if (a === undefined || b === undefined || c === undefined || again === undefined) throw new Error("four tasks");
  const outcomes = await store.insert([a, b, c, again], NOW);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["created", "created", "failed", "created"]);
  expect(outcomes[2]).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  await store.claim([claimBy("w1", { commands: ["b"] })], NOW);
  await store.release([{ key: b.key, tenant: "acme", worker: "w1", kind: "nack", delayMs: 0, reason: "x" }], RULE, NOW);
  await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 1 });
  expect(await store.insert([c], NOW)).toEqual([{ kind: "created" }]);
  await store.close();
});
