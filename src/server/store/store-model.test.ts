import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { RetryRule } from "../queue/lifecycle.ts";
import type { LeaseHolder, Store } from "../queue/store.ts";
import { Sequence } from "../queue/task-id.ts";
import { MemoryStore } from "./memory-store.ts";
import { SqliteFixture } from "./sqlite/sqlite-fixture.ts";
import { NOW, newTask } from "./store-fixture.ts";

/** What may be done next, with small numbers that pick from what there is. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("insert" as const),
      /** Creates that overtake each other. */
      reversed: fc.constantFrom(false, false, true),
      items: fc.array(
        fc.record({
          tenant: fc.constantFrom("t1", "t2"),
          command: fc.constantFrom("a", "A", "b", "c"),
          priority: fc.constantFrom(0, 0, 1, 9),
          maxAttempts: fc.integer({ min: 1, max: 3 }),
          webhook: fc.option(fc.constant("http://hook.example/"), { nil: undefined }),
          trace: fc.constantFrom(
            undefined,
            { traceParent: "00-a-b-01", traceState: undefined },
            { traceParent: "00-a-b-01", traceState: "v=1,w=a b" },
          ),
          idempotencyKey: fc.constantFrom(undefined, undefined, undefined, "k1", "k2", "k3"),
          delayMs: fc.constantFrom(undefined, undefined, -5, 3, 20),
        }),
        { maxLength: 6, size: "max" },
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("claim" as const),
      tenant: fc.constantFrom("t1", "t2"),
      worker: fc.constantFrom("w1", "w2"),
      commands: fc.option(fc.subarray(["A", "b", "c", "B", "nothing"]), { nil: undefined }),
      count: fc.integer({ min: 1, max: 4 }),
      leaseMs: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3000 })),
      rotation: fc.nat({ max: 5 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "extend" as const,
        "complete" as const,
        "fail" as const,
        "nack" as const,
        "abandon" as const,
        "return" as const,
      ),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      stranger: fc.constantFrom(...Array<undefined>(8).fill(undefined), "worker" as const, "tenant" as const),
      delayMs: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("expire" as const, "promote" as const),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("prune" as const),
      tenant: fc.constantFrom(undefined, "t1", "t2"),
      ageMs: fc.integer({ min: 0, max: 20 }),
      // Enough for all: which of those that finished together goes first is open.
      limit: fc.constant(1000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 20 }) },
        { weight: 1, arbitrary: fc.constant(1000) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: "reopen" as const }, { do: "kill" as const }) },
  /** What comes next is undone together with this, and done again. */
  { weight: 1, arbitrary: fc.record({ do: fc.constant("spoil" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the driver knows, so that both stores get the very same calls. */
interface World {
  now: number;
  readonly sequence: Sequence;
  readonly known: LeaseHolder[];
  /** What was claimed, latest first: what one does with a lease is mostly done with these. */
  readonly claimed: LeaseHolder[];
}

const RULE: RetryRule = { backoff: "exp_full_jitter", baseMs: 1000, maxMs: 3000, seed: 7 };

/** The call a step stands for; the same for every store. */
function callOf(
  given: Exclude<Step, { do: "wait" | "reopen" | "kill" | "spoil" }>,
  world: World,
): (store: Store) => Promise<unknown> {
  const { now } = world;
  switch (given.do) {
    case "insert": {
      const items = given.items.map(({ delayMs, ...item }) => {
        const key = { shard: 0, sequence: world.sequence.next(now) };
        world.known.push({ key, tenant: item.tenant, worker: "w1" });
        return {
          ...item,
          key,
          payload: `{"n":${key.sequence}}`,
          dueMs: delayMs === undefined ? undefined : now + delayMs,
        };
      });
      if (given.reversed) items.reverse();
      return (store) => store.insert(items, now);
    }
    case "claim": {
      const { tenant, worker, commands, count, leaseMs, rotation } = given;
      const request = { tenant, worker, commands, count, rotation, leaseUntilMs: now + leaseMs };
      return async (store) => {
        const tasks = await store.claim([request], now);
        if (store instanceof MemoryStore)
          world.claimed.unshift(...tasks.flat().map(({ key }) => ({ key, tenant, worker })));
        return tasks;
      };
    }
    case "expire":
      return (store) => store.expire(given.limit, RULE, now);
    case "promote":
      return (store) => store.promote(given.limit, now);
    case "prune":
      return (store) => store.prune({ tenant: given.tenant, finishedBeforeMs: now - given.ageMs, limit: given.limit });
    default: {
      const holders = given.picks.flatMap((pick): LeaseHolder[] => {
        const from = pick % 4 === 0 ? world.known : world.claimed.slice(0, 12);
        const holder = from[pick % Math.max(1, from.length)];
        if (holder === undefined) return [];
        return [
          {
            key: holder.key,
            tenant: given.stranger === "tenant" ? "t3" : holder.tenant,
            worker: given.stranger === "worker" ? "nobody" : holder.worker,
          },
        ];
      });
      // As a batch comes back mostly: in the order in which it was claimed.
      if (given.delayMs === undefined) holders.sort((a, b) => a.key.sequence - b.key.sequence);
      return leaseCall(given.do, holders, given.delayMs, now);
    }
  }
}

function leaseCall(
  verb: "extend" | "complete" | "fail" | "nack" | "abandon" | "return",
  holders: readonly LeaseHolder[],
  delayMs: number | undefined,
  now: number,
): (store: Store) => Promise<unknown> {
  switch (verb) {
    case "extend":
      return (store) =>
        store.extend(
          holders.map((holder) => ({ ...holder, leaseUntilMs: now + (delayMs ?? 5) })),
          now,
        );
    case "complete":
      return (store) =>
        store.complete(
          holders.map((holder) => ({ ...holder, state: "completed", result: "{}" })),
          now,
        );
    case "fail":
      return (store) =>
        store.complete(
          holders.map((holder) => ({ ...holder, state: "failed", error: "e", result: undefined })),
          now,
        );
    case "nack":
      return (store) =>
        store.release(
          holders.map((holder) => ({ ...holder, kind: "nack", delayMs, reason: undefined })),
          RULE,
          now,
        );
    case "abandon":
    case "return":
      return (store) =>
        store.release(
          holders.map((holder) => ({ ...holder, kind: verb })),
          RULE,
          now,
        );
  }
}

/** Everything a store lets one see. */
async function viewOf(store: Store, world: World): Promise<unknown> {
  return {
    tasks: await store.get(world.known),
    keys: await store.find(
      ["t1", "t2"].flatMap((tenant) => ["k1", "k2", "k3"].map((idempotencyKey) => ({ tenant, idempotencyKey }))),
    ),
    stats: await store.stats({ tenant: undefined, command: undefined }),
    peek: await store.peek([
      { tenant: "t1", commands: undefined },
      { tenant: "t2", commands: ["a", "C"] },
    ]),
  };
}

/** Cannot be done: twice the same key, which no other task has. A group with it is undone. */
async function spoil(store: Store): Promise<void> {
  const task = newTask({ key: { shard: 0, sequence: 1 } });
  expect(await Promise.allSettled([store.insert([task, task], NOW)])).toMatchObject([{ status: "rejected" }]);
}

/** With room in memory for no task without a row, for a few, and for all; and for as long a journal. */
const CACHE_BYTES = [1024, 16_384, 2 ** 20];

test("whatever is done to them, the sqlite store and the reference give the same answers", async () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 80, size: "max" });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(...CACHE_BYTES), async (history, cacheBytes) => {
      let fixture = new SqliteFixture();
      using stack = new DisposableStack();
      stack.defer(() => fixture[Symbol.dispose]());
      const memory = new MemoryStore([3, 4]);
      let sqlite = fixture.open({ cacheBytes });
      let spoiled = false;
      const world: World = { now: NOW, sequence: new Sequence(0), known: [], claimed: [] };
      for (const given of history) {
        if (given.do === "wait") {
          world.now += given.ms;
        } else if (given.do === "reopen") {
          await sqlite.close();
          sqlite = fixture.open({ cacheBytes });
        } else if (given.do === "kill") {
          using killed = fixture;
          fixture = killed.copy();
          await sqlite.close();
          sqlite = fixture.open({ cacheBytes });
        } else if (given.do === "spoil") {
          spoiled = true;
        } else {
          const call = callOf(given, world);
          const expected = await call(memory);
          const answer = call(sqlite);
          if (spoiled) await spoil(sqlite);
          spoiled = false;
          expect(await answer).toEqual(expected);
        }
      }
      expect(await viewOf(sqlite, world)).toEqual(await viewOf(memory, world));
      await sqlite.close();
    }),
    { numRuns: Number(process.env["CODEQ_TEST_RUNS"] ?? 150) },
  );
}, 120_000);
