import { CodeqError } from "../../queue/errors.ts";
import type { RetryRule } from "../../queue/lifecycle.ts";
import type {
  Accepted,
  ClaimRequest,
  Completion,
  Extension,
  Finished,
  InsertOutcome,
  KeyOfTenant,
  LaneChoice,
  LaneStats,
  LeaseOutcome,
  NewTask,
  PruneRequest,
  ReadyCounts,
  Release,
  Released,
  StatsFilter,
  Store,
  Sweep,
  TaskOfTenant,
} from "../../queue/store.ts";
import type { Task } from "../../queue/task.ts";
import type { TaskIdSeed } from "../../queue/task-id.ts";
import { StoreOpenError } from "../open-error.ts";
import { FINISH_START, type FinishPlace } from "./finish-log.ts";
import { GroupCommit } from "./group-commit.ts";
import type { PruneStep } from "./pruning.ts";
import { ShardEngine, type ShardEngineOptions } from "./shard-engine.ts";

export interface SqliteStoreOptions extends ShardEngineOptions {
  /** Goes into a file that has none yet. */
  readonly freshSeed: TaskIdSeed;
  /** Told after each commit: how many tasks it changed, and the milliseconds it took by `clock`. */
  readonly onCommit: (changes: number, elapsedMs: number) => void;
  readonly onFault: (reason: string) => void;
  /** Told when the disk is full, and when it has room again. */
  readonly onDiskFull: (full: boolean) => void;
  /** Milliseconds from anywhere, for measuring alone. */
  readonly clock: () => number;
}

const SEED = "task-id-seed";

/** One shard: a file of its own, in this thread. */
export class SqliteStore implements Store {
  readonly seed: TaskIdSeed;
  readonly #options: SqliteStoreOptions;
  readonly #group: GroupCommit;
  #engine: ShardEngine | undefined;
  #fault: string | undefined;
  #diskFull = false;
  /** Since the disk was last looked at. */
  #refusals = 0;
  /** Settles once no step of pruning is under way. */
  #pruning: Promise<void> = Promise.resolve();

  /** @throws StoreOpenError */
  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    const engine = new ShardEngine(options);
    this.#engine = engine;
    const seed = engine.setting(SEED);
    if (seed === undefined) engine.remember(SEED, options.freshSeed.join(" "));
    const [first = 0, second = 0] = seed?.split(" ").map(Number) ?? options.freshSeed;
    this.seed = [first, second];
    let startedMs = 0;
    this.#group = new GroupCommit({
      begin: () => {
        startedMs = options.clock();
        this.#open().begin();
      },
      write: () => this.#open().write(),
      commit: () => this.#open().commit(),
      rollback: () => this.#engine?.rollback(),
      committed: (changes) => options.onCommit(changes, options.clock() - startedMs),
      refused: () => this.#refuse(),
      failed: (reason) => this.#fail(reason),
    });
  }

  get lastSequence(): number {
    return this.#open().lastSequence;
  }

  /** True when the shard holds no task in any state. */
  get empty(): boolean {
    return this.#open().empty;
  }

  home(): number {
    return this.#options.shard;
  }

  insert(items: readonly NewTask[], now: number): Promise<InsertOutcome[]> {
    return this.#group.run(() => this.#open().insert(items, now), lengthOf);
  }

  async peek(requests: readonly LaneChoice[]): Promise<ReadyCounts[]> {
    const look = (): ReadyCounts[] => requests.map((request) => this.#open().peek(request));
    const counts = look();
    // Where there is nothing, what is pending may bring something.
    if (this.#group.isIdle || counts.flat().some((count) => count > 0)) return counts;
    return this.#group.run(look, () => 0);
  }

  claim(requests: readonly ClaimRequest[], now: number): Promise<Task[][]> {
    // A transaction would find nothing either.
    if (this.#group.isIdle && !this.#open().hasReady(requests)) return Promise.resolve(requests.map(() => []));
    return this.#group.run(() => this.#open().claim(requests, now), claimedIn);
  }

  extend(items: readonly Extension[], now: number): Promise<LeaseOutcome<Accepted>[]> {
    return this.#group.run(() => this.#open().extend(items, now), lengthOf);
  }

  complete(items: readonly Completion[], now: number): Promise<LeaseOutcome<Finished>[]> {
    return this.#group.run(() => this.#open().complete(items, now), lengthOf);
  }

  release(items: readonly Release[], rule: RetryRule, now: number): Promise<LeaseOutcome<Released>[]> {
    return this.#group.run(() => this.#open().release(items, rule, now), lengthOf);
  }

  expire(limit: number, rule: RetryRule, now: number): Promise<Sweep> {
    return this.#group.run(() => this.#open().expire(limit, rule, now), movedIn);
  }

  promote(limit: number, now: number): Promise<Sweep> {
    return this.#group.run(() => this.#open().promote(limit, now), movedIn);
  }

  /** In steps, so that others get their turn however much there is to pass over. */
  async prune(request: PruneRequest): Promise<number> {
    let pruned = 0;
    let place: FinishPlace | undefined = FINISH_START;
    try {
      while (place !== undefined && pruned < request.limit) {
        // Each step goes on where the one before ended.
        const step: PruneStep = await this.#pruneStep({ ...request, limit: request.limit - pruned }, place);
        pruned += step.pruned;
        place = step.next;
      }
    } catch (error) {
      // What is gone has to be told; the failure will be told to the next one.
      if (pruned === 0) throw error;
    }
    return pruned;
  }

  /** One at a time, whoever asks: steps that share a commit would add up to a long one. */
  #pruneStep(request: PruneRequest, after: FinishPlace): Promise<PruneStep> {
    const step = this.#pruning.then(() => this.#group.run(() => this.#open().prune(request, after), prunedIn));
    this.#pruning = step.then(
      () => undefined,
      () => undefined,
    );
    return step;
  }

  // Reads see committed state only: groups run to their end in one go, and these in between.

  async get(items: readonly TaskOfTenant[]): Promise<(Task | undefined)[]> {
    const engine = this.#open();
    return items.map(({ tenant, key }) => engine.get(tenant, key));
  }

  async find(items: readonly KeyOfTenant[]): Promise<(Task | undefined)[]> {
    const engine = this.#open();
    return items.map(({ tenant, idempotencyKey }) => engine.holder(tenant, idempotencyKey));
  }

  async stats(filter: StatsFilter): Promise<LaneStats[]> {
    return this.#open().stats(filter);
  }

  /** What the data directory remembers under a name. */
  setting(name: string): string | undefined {
    return this.#open().setting(name);
  }

  remember(name: string, value: string): void {
    this.#open().remember(name, value);
  }

  fault(): string | undefined {
    return this.#fault;
  }

  diskFull(): boolean {
    return this.#diskFull;
  }

  async recover(): Promise<void> {
    if (this.#fault === undefined) {
      this.#lookForRoom();
      return;
    }
    try {
      this.#engine = new ShardEngine(this.#options);
      this.#fault = undefined;
    } catch (error) {
      const reason = error instanceof StoreOpenError ? error.fault : "cannot be opened";
      this.#outOfOrder(reason, error instanceof Error ? error.message : String(error));
    }
  }

  async close(): Promise<void> {
    this.#group.flush();
    this.#engine?.close();
    this.#engine = undefined;
    this.#fault ??= "the store is closed";
  }

  #open(): ShardEngine {
    if (this.#engine === undefined) throw new CodeqError("UNAVAILABLE", "storage unavailable");
    return this.#engine;
  }

  #refuse(): void {
    this.#refusals += 1;
    if (this.#diskFull) return;
    this.#diskFull = true;
    this.#options.onDiskFull(true);
  }

  /** At the edge a task fits now and then: it is over when nothing was refused for a while. */
  #lookForRoom(): void {
    const isQuiet = this.#refusals === 0;
    this.#refusals = 0;
    if (!this.#diskFull || !isQuiet || !this.#open().hasRoom()) return;
    this.#diskFull = false;
    this.#options.onDiskFull(false);
  }

  #fail(reason: string): void {
    const engine = this.#engine;
    this.#engine = undefined;
    try {
      engine?.close();
    } catch {
      // The file is in trouble already, and what matters is that it is let go.
    }
    this.#outOfOrder(reason, `${this.#options.path}: ${reason}`);
  }

  /** @param reason for everybody to see; `details` are for the log, once */
  #outOfOrder(reason: string, details: string): void {
    const fault = `shard ${this.#options.shard}: ${reason}`;
    if (fault !== this.#fault) this.#options.onFault(details);
    this.#fault = fault;
  }
}

function lengthOf(items: readonly unknown[]): number {
  return items.length;
}

function claimedIn(answers: readonly (readonly Task[])[]): number {
  let claimed = 0;
  for (const tasks of answers) claimed += tasks.length;
  return claimed;
}

function movedIn({ lanes }: Sweep): number {
  return lanes.reduce((sum, { ready, delayed, dead }) => sum + ready + delayed + dead.length, 0);
}

function prunedIn({ pruned }: PruneStep): number {
  return pruned;
}
