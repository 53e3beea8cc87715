import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ClaimRequest, Completion, LeaseHolder, NewTask, Store } from "../queue/store.ts";
import type { Task } from "../queue/task.ts";
import { sequenceAt } from "../queue/task-id.ts";
import { claimBy, NOW, newTask, RULE } from "./store-fixture.ts";

/** What every store does, whatever it is made of. Single shard: sharding has its own tests. */
export function storeContract(name: string, openStore: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;

    beforeEach(async () => {
      store = await openStore();
    });
    afterEach(async () => {
      await store.close();
    });

    const claimed = async (request: ClaimRequest, now = NOW): Promise<Task[]> =>
      (await store.claim([request], now))[0] ?? [];
    const payloads = async (request: ClaimRequest, now = NOW): Promise<string[]> =>
      (await claimed(request, now)).map((task) => task.payload);
    const holder = (task: NewTask, worker = "w1"): LeaseHolder => ({ tenant: task.tenant, key: task.key, worker });
    const completion = (task: NewTask, worker = "w1"): Completion => ({
      ...holder(task, worker),
      state: "completed",
      result: '{"ok":true}',
    });
    const stateOf = async (task: NewTask): Promise<Task | undefined> => (await store.get([task]))[0];
    const leased = async (given: Partial<NewTask> = {}): Promise<NewTask> => {
      const task = newTask(given);
      await store.insert([task], NOW);
      expect(await claimed(claimBy("w1"))).toHaveLength(1);
      return task;
    };

    test("a task comes back from a claim as it was inserted, leased and with one attempt", async () => {
      const task = newTask({ payload: '{ "b": 1e0,\n"a":"\\u0000é😀" }', webhook: "http://x/y", priority: 3 });
      expect(await store.insert([task], NOW)).toEqual([{ kind: "created" }]);
      const [got] = await claimed(claimBy("w1", { leaseUntilMs: NOW + 7 }), NOW + 5);
      expect(got).toEqual({
        key: task.key,
        tenant: "acme",
        command: "resize",
        payload: task.payload,
        priority: 3,
        webhook: "http://x/y",
        trace: undefined,
        maxAttempts: 5,
        attempts: 1,
        state: "leased",
        worker: "w1",
        leaseUntilMs: NOW + 7,
        error: undefined,
        result: undefined,
        createdMs: NOW,
        updatedMs: NOW + 5,
      });
      expect(await stateOf(task)).toEqual(got);
    });

    test("a trace stays with its task, with a state or without", async () => {
      const traces = [
        { traceParent: "p", traceState: "v=1,w=a b" },
        { traceParent: "q", traceState: undefined },
      ];
      const tasks = traces.map((trace) => newTask({ trace }));
      await store.insert(tasks, NOW);
      const seen = [await store.get(tasks), await claimed(claimBy("w1"))].map((got) => got.map((task) => task?.trace));
      expect(seen).toEqual([traces, traces]);
    });

    test("a claim sees the tasks of inserts before it, answered or not", async () => {
      const inserts = [store.insert([newTask()], NOW), store.insert([newTask({ idempotencyKey: "k" })], NOW)];
      const claims = [claimed(claimBy("w1", { count: 1 })), claimed(claimBy("w2"))];
      expect((await Promise.all(claims)).map((tasks) => tasks.length)).toEqual([1, 1]);
      expect((await Promise.all(inserts)).flat()).toEqual([{ kind: "created" }, { kind: "created" }]);
    });

    test("defect 16: higher priority goes first, first in first out within it, and none is passed over", async () => {
      const low = newTask({ payload: "1" });
      const high = newTask({ payload: "2", priority: 9 });
      const later = newTask({ payload: "3", priority: 9 });
      await store.insert([low, high, later], NOW);
      expect(await payloads(claimBy("w1", { count: 1 }))).toEqual(["2"]);
      expect(await payloads(claimBy("w1"))).toEqual(["3", "1"]);
    });

    test("priority goes before the order of the named commands", async () => {
      await store.insert(
        [newTask({ command: "a", payload: "1" }), newTask({ command: "b", payload: "2", priority: 1 })],
        NOW,
      );
      expect(await payloads(claimBy("w1", { commands: ["a", "b"] }))).toEqual(["2", "1"]);
    });

    test("the rotation decides which lane of equal priority is served first", async () => {
      const tasks = ["a", "b", "c"].map((command) => newTask({ command, payload: `"${command}"` }));
      await store.insert(tasks, NOW);
      expect(await payloads(claimBy("w1", { count: 1, rotation: 4 }))).toEqual(['"b"']);
      expect(await payloads(claimBy("w1", { count: 2, rotation: 1, commands: ["c", "a"] }))).toEqual(['"a"', '"c"']);
    });

    test("commands are told apart without regard to case and keep their spelling", async () => {
      const [first, second] = [newTask({ command: "Resize" }), newTask({ command: "RESIZE" })];
      await store.insert([first, second], NOW);
      const got = await claimed(claimBy("w1", { commands: ["resize", "rEsize"] }));
      expect(got.map((task) => task.command)).toEqual(["Resize", "RESIZE"]);
      expect(await store.stats({ tenant: "acme", command: "resizE" })).toMatchObject([
        { command: "Resize", leased: 2 },
      ]);
    });

    test("a command may hold any characters", async () => {
      for (const command of ["a/b", "a\u0000b", "a'b", "%", "pending/9", "ünï", "😀"]) {
        await store.insert([newTask({ command })], NOW);
        expect((await claimed(claimBy("w1", { commands: [command] }))).map((task) => task.command)).toEqual([command]);
      }
    });

    test("defect 40: claiming commands that nobody uses leaves nothing behind", async () => {
      const commands = Array.from({ length: 100 }, (_, index) => `never-${index}`);
      expect(await claimed(claimBy("w1", { commands }))).toEqual([]);
      expect(await store.stats({ tenant: undefined, command: undefined })).toEqual([]);
    });

    test("nothing crosses tenants", async () => {
      const task = await leased({ idempotencyKey: "k" });
      const stranger = { ...holder(task), tenant: "other" };
      expect(await claimed(claimBy("w1", { tenant: "other" }))).toEqual([]);
      expect(await store.get([stranger])).toEqual([undefined]);
      expect(await store.find([{ tenant: "other", idempotencyKey: "k" }])).toEqual([undefined]);
      expect(await store.extend([{ ...stranger, leaseUntilMs: NOW + 9 }], NOW)).toEqual([{ kind: "not-found" }]);
      expect(await store.complete([{ ...completion(task), tenant: "other" }], NOW)).toEqual([{ kind: "not-found" }]);
      expect(await store.release([{ ...stranger, kind: "abandon" }], RULE, NOW)).toEqual([{ kind: "not-found" }]);
      expect(await store.stats({ tenant: "other", command: undefined })).toEqual([]);
      expect(await store.prune({ tenant: "other", finishedBeforeMs: NOW + 1e9, limit: 10 })).toBe(0);
      expect(await stateOf(task)).toMatchObject({ state: "leased" });
    });

    test("an idempotency key yields the task that holds it, within one call and later, per tenant", async () => {
      const [first, again, other] = ["acme", "acme", "other"].map((tenant) => newTask({ tenant, idempotencyKey: "k" }));
      if (first === undefined || again === undefined || other === undefined) throw new Error("three tasks");
      const [created, existing, foreign] = await store.insert([first, again, other], NOW);
      expect([created, foreign]).toEqual([{ kind: "created" }, { kind: "created" }]);
      expect(existing).toMatchObject({ kind: "existing", task: { key: first.key } });
      await claimed(claimBy("w1"));
      await store.complete([completion(first)], NOW);
      expect(await store.insert([newTask({ idempotencyKey: "k" })], NOW)).toMatchObject([
        { kind: "existing", task: { key: first.key, state: "completed" } },
      ]);
      expect(await stateOf(again)).toBeUndefined();
      expect(await store.find([{ tenant: "acme", idempotencyKey: "k" }])).toMatchObject([{ key: first.key }]);
    });

    test("a heartbeat moves the end of the lease, and only its holder's does", async () => {
      const task = await leased();
      const leaseUntilMs = NOW + 90_000;
      expect(await store.extend([{ ...holder(task, "w2"), leaseUntilMs }], NOW)).toEqual([{ kind: "not-owner" }]);
      expect(await store.extend([{ ...holder(task), leaseUntilMs }], NOW + 3)).toEqual([{ kind: "accepted" }]);
      expect(await stateOf(task)).toMatchObject({ leaseUntilMs, updatedMs: NOW + 3, attempts: 1 });
      expect((await store.expire(10, RULE, NOW + 60_000)).lanes).toEqual([]);
    });

    test("defect 14: one result per task, from the worker that holds it, whatever else is asked at the same time", async () => {
      const task = await leased();
      const outcomes = await store.complete([completion(task, "w2"), completion(task), completion(task)], NOW + 4);
      expect(outcomes).toEqual([
        { kind: "not-owner" },
        { kind: "finished", command: "resize" },
        { kind: "not-in-progress" },
      ]);
      expect(await stateOf(task)).toMatchObject({
        state: "completed",
        result: '{"ok":true}',
        worker: undefined,
        leaseUntilMs: undefined,
        updatedMs: NOW + 4,
      });
      expect(await store.extend([{ ...holder(task), leaseUntilMs: NOW + 9 }], NOW)).toEqual([{ kind: "not-owner" }]);
      expect(await store.release([{ ...holder(task), kind: "abandon" }], RULE, NOW)).toEqual([{ kind: "not-owner" }]);
    });

    test("a batch of results from a namesake of another tenant changes nothing", async () => {
      const tasks = [newTask(), newTask(), newTask()];
      await store.insert(tasks, NOW);
      await claimed(claimBy("w1"));
      const foreign = tasks.map((task) => ({ ...completion(task), tenant: "other" }));
      expect(await store.complete(foreign, NOW)).toEqual(tasks.map(() => ({ kind: "not-found" })));
      expect(
        (
          await store.complete(
            tasks.map((task) => completion(task)),
            NOW,
          )
        ).map(({ kind }) => kind),
      ).toEqual(tasks.map(() => "finished"));
    });

    test("a lane that was emptied and forgotten can be used again", async () => {
      for (let round = 0; round < 3; round += 1) {
        const tasks = [newTask(), newTask()];
        await store.insert(tasks, NOW);
        expect(await claimed(claimBy("w1"))).toHaveLength(2);
        await store.complete(
          tasks.map((task) => completion(task)),
          NOW,
        );
        expect(await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 10 })).toBe(2);
      }
      expect(await store.stats({ tenant: undefined, command: undefined })).toEqual([]);
    });

    test("a failed result keeps its error and is not the dead-letter queue", async () => {
      const task = await leased();
      await store.complete([{ ...holder(task), state: "failed", error: "boom", result: undefined }], NOW);
      expect(await stateOf(task)).toMatchObject({ state: "failed", error: "boom" });
      expect(await store.stats({ tenant: undefined, command: undefined })).toMatchObject([{ failed: 1, dead: 0 }]);
    });

    test("an unknown task is not found, whatever is asked of it", async () => {
      const task = newTask();
      expect(await stateOf(task)).toBeUndefined();
      expect(await store.extend([{ ...holder(task), leaseUntilMs: NOW + 9 }], NOW)).toEqual([{ kind: "not-found" }]);
      expect(await store.complete([completion(task)], NOW)).toEqual([{ kind: "not-found" }]);
      expect(await store.release([{ ...holder(task), kind: "abandon" }], RULE, NOW)).toEqual([{ kind: "not-found" }]);
    });

    test("an abandoned task goes to the tail at once and keeps its attempts", async () => {
      const task = await leased({ payload: "1" });
      await store.insert([newTask({ payload: "2" })], NOW);
      expect(await store.release([{ ...holder(task), kind: "abandon" }], RULE, NOW + 1)).toEqual([
        { kind: "ready", command: "resize" },
      ]);
      expect(await stateOf(task)).toMatchObject({ state: "ready", attempts: 1, worker: undefined });
      expect(await payloads(claimBy("w2"), NOW + 1)).toEqual(["2", "1"]);
      expect(await stateOf(task)).toMatchObject({ state: "leased", attempts: 2 });
    });

    test("a task comes back again and again, to the tail even when its clock is behind", async () => {
      const ahead = (ms: number, payload: string) =>
        newTask({ payload, key: { shard: 0, sequence: sequenceAt(NOW + ms) } });
      const [task, other] = [ahead(1_000_000, "1"), ahead(1_000_001, "2")];
      await store.insert([task, other], NOW);
      for (let round = 0; round < 3; round += 1) {
        expect(await payloads(claimBy("w1", { count: 1 }))).toEqual(["1"]);
        await store.release([{ ...holder(task), kind: "abandon" }], RULE, NOW);
        expect(await payloads(claimBy("w1", { count: 1 }))).toEqual(["2"]);
        await store.release([{ ...holder(other), kind: "abandon" }], RULE, NOW);
      }
    });

    test("a returned task goes to its old place, and the delivery is not counted", async () => {
      const task = await leased({ payload: "1" });
      await store.insert([newTask({ payload: "2" })], NOW);
      await store.release([{ ...holder(task), kind: "return" }], RULE, NOW + 1);
      expect(await stateOf(task)).toMatchObject({ state: "ready", attempts: 0 });
      expect(await payloads(claimBy("w2", { count: 1 }))).toEqual(["1"]);
      expect(await payloads(claimBy("w2", { count: 1 }))).toEqual(["2"]);
    });

    test("a nack waits for the delay asked for, capped, or for the backoff", async () => {
      for (const [delayMs, expectedMs] of [
        [undefined, 5000],
        [1500, 1500],
        [1e9, 60_000],
      ] as const) {
        const task = await leased();
        const nack = { ...holder(task), kind: "nack", delayMs, reason: "why" } as const;
        const dueMs = NOW + 10 + expectedMs;
        expect(await store.release([nack], RULE, NOW + 10)).toEqual([{ kind: "delayed", command: "resize", dueMs }]);
        expect(await stateOf(task)).toMatchObject({
          state: "delayed",
          attempts: 1,
          updatedMs: NOW + 10,
          error: undefined,
        });
        expect(await store.promote(10, dueMs - 1)).toEqual({ lanes: [], nextDueMs: dueMs });
        expect((await store.promote(10, dueMs)).lanes).toMatchObject([{ tenant: "acme", command: "resize", ready: 1 }]);
        expect(await claimed(claimBy("w1"), dueMs)).toHaveLength(1);
        await store.complete([completion(task)], dueMs);
      }
    });

    test("a nack with delay 0 makes the task claimable at once", async () => {
      const task = await leased();
      const nack = { ...holder(task), kind: "nack", delayMs: 0, reason: undefined } as const;
      expect(await store.release([nack], RULE, NOW)).toEqual([{ kind: "ready", command: "resize" }]);
      expect(await claimed(claimBy("w2"))).toHaveLength(1);
    });

    test("a task is dead after its last delivery, with the reason", async () => {
      const task = await leased({ maxAttempts: 2 });
      const nack = { ...holder(task), kind: "nack", delayMs: 0, reason: "second" } as const;
      await store.release([nack], RULE, NOW);
      await claimed(claimBy("w1"));
      expect(await store.release([nack], RULE, NOW + 2)).toEqual([{ kind: "dead", command: "resize" }]);
      expect(await stateOf(task)).toMatchObject({ state: "dead", error: "second", attempts: 2, updatedMs: NOW + 2 });
      expect(await claimed(claimBy("w1"))).toEqual([]);
      const unexplained = await leased({ maxAttempts: 1 });
      await store.release([{ ...holder(unexplained), kind: "nack", delayMs: 0, reason: undefined }], RULE, NOW);
      expect(await stateOf(unexplained)).toMatchObject({ state: "dead", error: "MAX_ATTEMPTS" });
    });

    test("an ended lease is taken back, not a millisecond early, and a late result is refused once it has moved on", async () => {
      const task = await leased();
      const endsMs = NOW + 60_000;
      expect(await store.expire(10, RULE, endsMs - 1)).toEqual({ lanes: [], nextDueMs: endsMs });
      expect(await store.expire(10, RULE, endsMs)).toEqual({
        lanes: [{ tenant: "acme", command: "resize", ready: 0, delayed: 1, dead: [] }],
        nextDueMs: undefined,
      });
      expect(await store.complete([completion(task)], endsMs)).toEqual([{ kind: "not-in-progress" }]);
      await store.promote(10, endsMs + 5000);
      await claimed(claimBy("w2"), endsMs + 5000);
      expect(await store.complete([completion(task)], endsMs + 5000)).toEqual([{ kind: "not-owner" }]);
    });

    test("a lease that ends on the last delivery makes the task dead", async () => {
      const task = await leased({ maxAttempts: 1 });
      expect((await store.expire(10, RULE, NOW + 60_000)).lanes).toEqual([
        { tenant: "acme", command: "resize", ready: 0, delayed: 0, dead: [task.key] },
      ]);
      expect(await stateOf(task)).toMatchObject({ state: "dead", error: "LEASE_EXPIRED" });
    });

    test("defect 44: sweeps take the earliest first, at most the limit, and say when to come again", async () => {
      const tasks = [30, 10, 20].map((delayMs) => newTask({ dueMs: NOW + delayMs, payload: String(delayMs) }));
      await store.insert(tasks, NOW);
      expect(await store.promote(1, NOW + 25)).toMatchObject({ nextDueMs: NOW + 20 });
      expect(await payloads(claimBy("w1", { leaseUntilMs: NOW + 100 }))).toEqual(["10"]);
      expect(await store.promote(5, NOW + 25)).toMatchObject({ nextDueMs: NOW + 30 });
      await claimed(claimBy("w1", { leaseUntilMs: NOW + 90 }));
      expect(await store.expire(1, RULE, NOW + 100)).toMatchObject({ nextDueMs: NOW + 100 });
    });

    test("a delayed task is not claimable before it is due", async () => {
      const task = newTask({ dueMs: NOW + 50 });
      await store.insert([task], NOW);
      expect(await stateOf(task)).toMatchObject({ state: "delayed", attempts: 0 });
      expect(await claimed(claimBy("w1"))).toEqual([]);
      await store.promote(10, NOW + 49);
      expect(await claimed(claimBy("w1"), NOW + 49)).toEqual([]);
      await store.promote(10, NOW + 50);
      expect(await claimed(claimBy("w1"), NOW + 50)).toHaveLength(1);
    });

    test("pruning takes finished tasks alone, oldest first, with their idempotency keys", async () => {
      const [old, young, waiting] = [newTask({ idempotencyKey: "k" }), newTask(), newTask({ command: "wait" })];
      await store.insert([old, young, waiting], NOW);
      await claimed(claimBy("w1", { commands: ["resize"] }));
      await store.complete([completion(old)], NOW + 1);
      await store.complete([completion(young)], NOW + 2);
      expect(await store.prune({ tenant: undefined, finishedBeforeMs: NOW, limit: 10 })).toBe(0);
      expect(await store.prune({ tenant: undefined, finishedBeforeMs: NOW + 9, limit: 1 })).toBe(1);
      expect([await stateOf(old), (await stateOf(young))?.state]).toEqual([undefined, "completed"]);
      expect(await store.find([{ tenant: "acme", idempotencyKey: "k" }])).toEqual([undefined]);
      expect(await store.prune({ tenant: "acme", finishedBeforeMs: NOW + 9, limit: 10 })).toBe(1);
      expect(await store.stats({ tenant: undefined, command: undefined })).toMatchObject([{ command: "wait" }]);
      expect(await store.insert([newTask({ idempotencyKey: "k" })], NOW)).toEqual([{ kind: "created" }]);
    });

    test("the counts of a lane add up to its tasks", async () => {
      const tasks = Array.from({ length: 6 }, (_, index) => newTask({ maxAttempts: 1, priority: index === 5 ? 7 : 0 }));
      await store.insert([...tasks, newTask({ dueMs: NOW + 9 })], NOW);
      const got = await claimed(claimBy("w1", { count: 4 }));
      const [a, b, c] = got.map(({ tenant, key }) => ({ tenant, key, worker: "w1" }));
      if (a === undefined || b === undefined || c === undefined) throw new Error("four were claimed");
      await store.complete([{ ...a, state: "completed", result: "{}" }], NOW);
      await store.complete([{ ...b, state: "failed", error: "e", result: undefined }], NOW);
      await store.release([{ ...c, kind: "nack", delayMs: 0, reason: undefined }], RULE, NOW);
      const [peeked] = await store.peek([{ tenant: "acme", commands: ["RESIZE", "resize"] }]);
      expect(peeked).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      expect(await store.stats({ tenant: "acme", command: undefined })).toEqual([
        {
          tenant: "acme",
          command: "resize",
          ready: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
          delayed: 1,
          leased: 1,
          completed: 1,
          failed: 1,
          dead: 1,
        },
      ]);
    });

    test("calls made together do not get in each other's way", async () => {
      const tasks = Array.from({ length: 50 }, () => newTask());
      await Promise.all([store.insert(tasks.slice(0, 25), NOW), store.insert(tasks.slice(25), NOW)]);
      const claims = await Promise.all(["w1", "w2", "w3"].map((worker) => claimed(claimBy(worker, { count: 20 }))));
      const got = claims.flat().map((task) => task.key.sequence);
      expect(got).toHaveLength(50);
      expect(new Set(got).size).toBe(50);
    });
  });
}
