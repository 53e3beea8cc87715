import { assert, CodeqError } from "../queue/errors.ts";
import type { RetryRule } from "../queue/lifecycle.ts";
import { shardOfKey } from "../queue/shard-of-key.ts";
import { turnOf } from "../queue/shard-of-moment.ts";
import type {
  Accepted,
  ClaimRequest,
  Completion,
  Extension,
  Failed,
  Finished,
  InsertOutcome,
  KeyOfTenant,
  LaneChoice,
  LaneStats,
  LeaseOutcome,
  LeaseRefusal,
  NewTask,
  PruneRequest,
  ReadyCounts,
  Release,
  Released,
  StatsFilter,
  Store,
  Sweep,
  TaskOfTenant,
} from "../queue/store.ts";
import { PRIORITY_MAX, type Task, type TaskKey } from "../queue/task.ts";
import type { TaskIdSeed } from "../queue/task-id.ts";
import { mergeStats, mergeSweeps, sumCounts } from "./merging.ts";

export interface ShardedStoreOptions {
  readonly shards: readonly Store[];
  /** Numbers of shards this data directory was used with before; keys made then live where those numbers put them. */
  readonly formerShardCounts: readonly number[];
  /** New tasks go to shards below this number; the others are emptied. */
  readonly shardCount: number;
}

/** For ids of shards that are not here (any more). */
const NOT_FOUND: LeaseRefusal = { kind: "not-found" };
const NO_SHARD: Failed = { kind: "failed", code: "INTERNAL", message: "the shard of a new task is not open" };

/**
 * Several shards as one store. A task's key says where it is, so all but claims, inserts with an idempotency key and
 * sweeps concern one shard. A claim looks at all shards first and then takes the highest priorities, wherever they are.
 */
export class ShardedStore implements Store {
  readonly seed: TaskIdSeed;
  readonly lastSequence: number;
  readonly #shards: readonly Store[];
  readonly #formerShardCounts: readonly number[];
  readonly #shardCount: number;
  /** Settles once the shards were asked to insert what this store was; undefined where they are asked at once. */
  #handedOver: Promise<void> | undefined;

  constructor(options: ShardedStoreOptions) {
    const [first] = options.shards;
    assert(first !== undefined, "there is at least one shard");
    this.#shards = options.shards;
    this.#shardCount = options.shardCount;
    this.#formerShardCounts = options.formerShardCounts.filter((count) => count !== options.shardCount);
    this.seed = first.seed;
    this.lastSequence = Math.max(...options.shards.map((shard) => shard.lastSequence));
  }

  home(turn: number): number {
    for (let step = 0; step < this.#shardCount; step += 1) {
      const number = (turn + step) % this.#shardCount;
      if (this.#shards[number]?.fault() === undefined) return number;
    }
    return turn % this.#shardCount;
  }

  async insert(items: readonly NewTask[], now: number): Promise<InsertOutcome[]> {
    if (this.#formerShardCounts.length === 0) return this.#insertFresh(items, now);
    const asked = this.#formerHolders(items).then((former) => {
      const fresh = items.filter((_, index) => former[index] === undefined);
      return { former, inserting: this.#insertFresh(fresh, now) };
    });
    this.#handedOver = Promise.allSettled([this.#handedOver, asked]).then(() => undefined);
    const { former, inserting } = await asked;
    const inserted = await inserting;
    let next = 0;
    return items.map((_, index) => {
      const holder = former[index];
      return holder ?? must(inserted[next++]);
    });
  }

  async peek(requests: readonly LaneChoice[]): Promise<ReadyCounts[]> {
    const counts = await Promise.all(this.#working().map((shard) => shard.peek(requests)));
    return requests.map((_, index) => sumCounts(counts.map((ofShard) => must(ofShard[index]))));
  }

  claim(requests: readonly ClaimRequest[], now: number): Promise<Task[][]> {
    return Promise.all(requests.map((request) => this.#claimOne(request, now)));
  }

  extend(items: readonly Extension[], now: number): Promise<LeaseOutcome<Accepted>[]> {
    return this.#eachInItsShard<Extension, LeaseOutcome<Accepted>>(items, NOT_FOUND, (shard, part) =>
      shard.extend(part, now),
    );
  }

  complete(items: readonly Completion[], now: number): Promise<LeaseOutcome<Finished>[]> {
    return this.#eachInItsShard<Completion, LeaseOutcome<Finished>>(items, NOT_FOUND, (shard, part) =>
      shard.complete(part, now),
    );
  }

  release(items: readonly Release[], rule: RetryRule, now: number): Promise<LeaseOutcome<Released>[]> {
    return this.#eachInItsShard<Release, LeaseOutcome<Released>>(items, NOT_FOUND, (shard, part) =>
      shard.release(part, rule, now),
    );
  }

  expire(limit: number, rule: RetryRule, now: number): Promise<Sweep> {
    return this.#sweep((shard) => shard.expire(limit, rule, now), now);
  }

  promote(limit: number, now: number): Promise<Sweep> {
    return this.#sweep((shard) => shard.promote(limit, now), now);
  }

  /** Takes from one shard after the other, so `limit` holds for all of them together. */
  async prune(request: PruneRequest): Promise<number> {
    let pruned = 0;
    for (const shard of this.#working()) {
      if (pruned === request.limit) break;
      try {
        // One after the other on purpose: what the next may take depends on what this one took.
        pruned += await shard.prune({ ...request, limit: request.limit - pruned });
      } catch (error) {
        // What is gone has to be told; the failure will be told to the next one.
        if (pruned === 0) throw error;
        break;
      }
    }
    return pruned;
  }

  async get(items: readonly TaskOfTenant[]): Promise<(Task | undefined)[]> {
    return Promise.all(
      items.map(async (item) => {
        const shard = this.#shards[item.key.shard];
        return shard === undefined ? undefined : (await shard.get([item]))[0];
      }),
    );
  }

  async find(items: readonly KeyOfTenant[]): Promise<(Task | undefined)[]> {
    const counts = [this.#shardCount, ...this.#formerShardCounts];
    return Promise.all(items.map((item) => this.#findIn(item, counts)));
  }

  async stats(filter: StatsFilter): Promise<LaneStats[]> {
    return mergeStats(await Promise.all(this.#working().map((shard) => shard.stats(filter))));
  }

  fault(): string | undefined {
    const faults = this.#shards.flatMap((shard) => shard.fault() ?? []);
    return faults.length === 0 ? undefined : faults.join("; ");
  }

  diskFull(): boolean {
    return this.#shards.some((shard) => shard.diskFull());
  }

  async recover(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.recover()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  /** Shards that take part in what concerns all; one that is out of order does not hold up the others. */
  #working(): Store[] {
    const working = this.#shards.filter((shard) => shard.fault() === undefined);
    if (working.length === 0) throw new CodeqError("UNAVAILABLE", "storage unavailable");
    return working;
  }

  /**
   * Others may take in between what was seen here, so a claim that comes back empty looks again: it ends empty only when
   * nothing was to be seen.
   */
  async #claimOne(request: ClaimRequest, now: number): Promise<Task[]> {
    if (this.#handedOver !== undefined) await this.#handedOver;
    for (;;) {
      // Each round depends on the one before.
      const tasks = await this.#claimSeen(request, now);
      if (tasks === undefined) return [];
      if (tasks.length > 0) return tasks;
    }
  }

  async #claimSeen(request: ClaimRequest, now: number): Promise<Task[] | undefined> {
    const shards = this.#working();
    // A shard that fails meanwhile has nothing to give, which is no reason to keep back what others have.
    const seen = await Promise.all(shards.map(async (shard) => (await shard.peek([request]).catch(() => []))[0] ?? []));
    const shares = shareOut(seen, request.count, turnOf(now));
    if (shares.every((share) => share === 0)) return undefined;
    const parts = await Promise.allSettled(
      shards.map(async (shard, index) => {
        const count = shares[index] ?? 0;
        return count === 0 ? [] : must((await shard.claim([{ ...request, count }], now))[0]);
      }),
    );
    const tasks = parts.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
    const failure = parts.find((part) => part.status === "rejected");
    // What was claimed is committed and must be delivered; the failure will be told to the next one.
    if (tasks.length === 0 && failure !== undefined) throw failure.reason;
    return tasks.sort((a, b) => b.priority - a.priority);
  }

  /** What was moved in any shard is committed and must be told; a failure elsewhere comes up in the next pass, at once. */
  async #sweep(pass: (shard: Store) => Promise<Sweep>, now: number): Promise<Sweep> {
    const passes = await Promise.allSettled(this.#working().map(pass));
    const merged = mergeSweeps(passes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    const failure = passes.find((each) => each.status === "rejected");
    if (failure === undefined) return merged;
    if (merged.lanes.length === 0) throw failure.reason;
    return { ...merged, nextDueMs: now };
  }

  #insertFresh(items: readonly NewTask[], now: number): Promise<InsertOutcome[]> {
    return this.#eachInItsShard<NewTask, InsertOutcome>(items, NO_SHARD, (shard, part) => shard.insert(part, now));
  }

  /** What is known before the item is inserted, if anything: who holds its key, or that nobody can say. */
  async #formerHolders(items: readonly NewTask[]): Promise<(InsertOutcome | undefined)[]> {
    return Promise.all(
      items.map(async ({ tenant, idempotencyKey }): Promise<InsertOutcome | undefined> => {
        if (idempotencyKey === undefined) return undefined;
        try {
          const task = await this.#findIn({ tenant, idempotencyKey }, this.#formerShardCounts);
          return task === undefined ? undefined : { kind: "existing", task };
        } catch (error) {
          return failedBy(error);
        }
      }),
    );
  }

  async #findIn(item: KeyOfTenant, shardCounts: readonly number[]): Promise<Task | undefined> {
    const homes = new Set(shardCounts.map((count) => shardOfKey(item.tenant, item.idempotencyKey, count)));
    const found = await Promise.all(
      Array.from(homes, async (home) => {
        const shard = this.#shards[home];
        return shard === undefined ? undefined : (await shard.find([item]))[0];
      }),
    );
    return found.find((task) => task !== undefined);
  }

  /** Outcomes in the order of the items, `elsewhere` where there is no such shard. A shard's outage becomes its items' `failed`, unless it concerns them all. */
  async #eachInItsShard<Item extends { readonly key: TaskKey }, Answer>(
    items: readonly Item[],
    elsewhere: Answer,
    call: (shard: Store, part: readonly Item[]) => Promise<(Answer | Failed)[]>,
  ): Promise<(Answer | Failed)[]> {
    const [first] = items;
    if (first === undefined) return [];
    const only = this.#shards[first.key.shard];
    if (only !== undefined && items.every((item) => item.key.shard === first.key.shard)) return call(only, items);
    const outcomes: (Answer | Failed)[] = items.map(() => elsewhere);
    const places = Map.groupBy(items.keys(), (index) => must(items[index]).key.shard);
    await Promise.all(
      Array.from(places, async ([number, indexes]) => {
        const shard = this.#shards[number];
        if (shard === undefined) return;
        const part = indexes.map((index) => must(items[index]));
        const answers = await call(shard, part).catch((error: unknown) => part.map(() => failedBy(error)));
        for (const [at, index] of indexes.entries()) outcomes[index] = must(answers[at]);
      }),
    );
    return outcomes;
  }
}

/** How many tasks to take from each shard: highest priorities first, turn by turn within a priority. */
export function shareOut(seen: readonly ReadyCounts[], count: number, rotation: number): number[] {
  const shares = seen.map(() => 0);
  let missing = count;
  for (let priority = PRIORITY_MAX; priority >= 0 && missing > 0; priority -= 1) {
    for (let turn = 0; turn < seen.length && missing > 0; turn += 1) {
      const index = (rotation + turn) % seen.length;
      const share = Math.min(missing, seen[index]?.[priority] ?? 0);
      shares[index] = (shares[index] ?? 0) + share;
      missing -= share;
    }
  }
  return shares;
}

function failedBy(error: unknown): Failed {
  return error instanceof CodeqError
    ? { kind: "failed", code: error.code, message: error.message }
    : { kind: "failed", code: "INTERNAL", message: String(error) };
}

function must<T>(value: T | undefined): T {
  assert(value !== undefined, "a shard answers every item");
  return value;
}
