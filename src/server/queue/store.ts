import type { ErrorCode } from "./errors.ts";
import type { RetryRule } from "./lifecycle.ts";
import type { Task, TaskKey, TraceContext } from "./task.ts";
import type { TaskIdSeed } from "./task-id.ts";

/**
 * The seam between policy and mechanism. `store/store-contract.ts` holds every implementation to these laws:
 *
 * 1. Batch-first: one call, N items, N outcomes in order; items of one call see the effect of those before them.
 * 2. No clock and no dice: times, sequence numbers and seeds come in. The same calls leave the same state.
 * 3. Fenced: extend, complete and release act only for the worker and tenant that hold the task's current lease.
 * 4. Within a shard, a lane has a total order: priority, then position. A task's first position is its sequence; when
 *    it comes back it goes to the tail, unless it was never delivered.
 * 5. A refusal is an outcome; an exception (CodeqError) is an outage, and then nothing of the call has happened,
 *    except after COMMIT_UNKNOWN. Where a store has parts that fail on their own, so do the items: `failed`.
 * 6. No leaks: no SQL, path or driver type in a signature.
 * 7. Plain data: every argument and result survives `structuredClone`.
 * 8. In order: a claim sees what the inserts before it made, those not answered yet included.
 *
 * A resolved promise means that the change is committed and survives the death of the process.
 */
export interface Store {
  /** Goes into every task id of this data directory. */
  readonly seed: TaskIdSeed;
  /** No task was ever stored here under a higher sequence number. */
  readonly lastSequence: number;

  /** The shard for a new task that may go anywhere: those that work take turns. */
  home(turn: number): number;
  /** An item whose idempotency key is known changes nothing and yields the task that holds the key. */
  insert(items: readonly NewTask[], now: number): Promise<InsertOutcome[]>;
  /** What each request could get, by priority. */
  peek(requests: readonly LaneChoice[]): Promise<ReadyCounts[]>;
  /** Leases and returns up to `count` tasks for each request, highest priority first. */
  claim(requests: readonly ClaimRequest[], now: number): Promise<Task[][]>;
  /** Moves the end of a lease. */
  extend(items: readonly Extension[], now: number): Promise<LeaseOutcome<Accepted>[]>;
  complete(items: readonly Completion[], now: number): Promise<LeaseOutcome<Finished>[]>;
  /** Gives a task back before its lease ends. */
  release(items: readonly Release[], rule: RetryRule, now: number): Promise<LeaseOutcome<Released>[]>;
  /** Takes back at most `limit` tasks whose lease has ended, earliest first. */
  expire(limit: number, rule: RetryRule, now: number): Promise<Sweep>;
  /** Makes at most `limit` delayed tasks ready whose time has come, earliest first. */
  promote(limit: number, now: number): Promise<Sweep>;
  /**
   * Forgets finished tasks with their results and idempotency keys, oldest first; which of those that finished in the
   * same millisecond is open. Yields how many.
   */
  prune(request: PruneRequest): Promise<number>;
  get(items: readonly TaskOfTenant[]): Promise<(Task | undefined)[]>;
  /** The tasks that hold these idempotency keys. */
  find(items: readonly KeyOfTenant[]): Promise<(Task | undefined)[]>;
  stats(filter: StatsFilter): Promise<LaneStats[]>;
  /** What keeps the store from working, or undefined when all is well. */
  fault(): string | undefined;
  /** Whether new tasks are refused for want of room; what is there already is served. */
  diskFull(): boolean;
  /** Tries to end a fault, or looks for room; `fault` and `diskFull` tell whether that helped. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export interface NewTask {
  readonly key: TaskKey;
  readonly tenant: string;
  readonly command: string;
  readonly payload: string;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly webhook: string | undefined;
  readonly trace: TraceContext | undefined;
  readonly idempotencyKey: string | undefined;
  /** Delayed until then when later than `now`. */
  readonly dueMs: number | undefined;
}

export type InsertOutcome = { readonly kind: "created" } | { readonly kind: "existing"; readonly task: Task } | Failed;

/** An outage that hit this item but not the whole call: another part of the store answered for the others. */
export interface Failed {
  readonly kind: "failed";
  readonly code: ErrorCode;
  readonly message: string;
}

export interface LaneChoice {
  readonly tenant: string;
  /** Undefined claims every command of the tenant. */
  readonly commands: readonly string[] | undefined;
}

export interface ClaimRequest extends LaneChoice {
  readonly worker: string;
  readonly leaseUntilMs: number;
  readonly count: number;
  /** Of several lanes with ready tasks of the same priority, the one at this index (modulo) is served first. */
  readonly rotation: number;
}

/** Ready tasks by priority; index 0 is priority 0. */
export type ReadyCounts = readonly number[];

export interface TaskOfTenant {
  readonly key: TaskKey;
  readonly tenant: string;
}

export interface KeyOfTenant {
  readonly tenant: string;
  readonly idempotencyKey: string;
}

/** Who presents a lease, and for which task. */
export interface LeaseHolder extends TaskOfTenant {
  readonly worker: string;
}

export interface Extension extends LeaseHolder {
  readonly leaseUntilMs: number;
}

export type Completion = LeaseHolder &
  (
    | { readonly state: "completed"; readonly result: string }
    | { readonly state: "failed"; readonly error: string; readonly result: string | undefined }
  );

export type Release = LeaseHolder &
  (
    | { readonly kind: "nack"; readonly delayMs: number | undefined; readonly reason: string | undefined }
    | { readonly kind: "abandon" }
    /** Was never delivered: back to its old place, and the delivery is not counted. */
    | { readonly kind: "return" }
  );

/** Refusals are told apart as the wire protocol does: `not-in-progress` is a result for a task that nobody holds. */
export type LeaseOutcome<T> = T | LeaseRefusal | Failed;

export interface LeaseRefusal {
  readonly kind: "not-found" | "not-owner" | "not-in-progress";
}

export interface Accepted {
  readonly kind: "accepted";
}

export interface Finished {
  readonly kind: "finished";
  /** As the lane spells it, here and in every outcome. */
  readonly command: string;
}

export type Released =
  | { readonly kind: "ready"; readonly command: string }
  | { readonly kind: "delayed"; readonly command: string; readonly dueMs: number }
  | { readonly kind: "dead"; readonly command: string };

/** What a maintenance pass moved, lane by lane. */
export interface Sweep {
  readonly lanes: readonly LaneSweep[];
  /** When the next task falls due, if any waits; not after `now` when the limit cut this pass short. */
  readonly nextDueMs: number | undefined;
}

export interface LaneSweep {
  readonly tenant: string;
  readonly command: string;
  /** How many are claimable now. */
  readonly ready: number;
  /** How many wait for a new attempt. */
  readonly delayed: number;
  readonly dead: readonly TaskKey[];
}

export interface PruneRequest {
  /** Only this tenant's; undefined for all. */
  readonly tenant: string | undefined;
  /** Forgets what finished at or before this time. */
  readonly finishedBeforeMs: number;
  readonly limit: number;
}

export interface StatsFilter {
  /** Only this tenant's; undefined for all. */
  readonly tenant: string | undefined;
  readonly command: string | undefined;
}

export interface LaneStats {
  readonly tenant: string;
  /** As first spelled. */
  readonly command: string;
  readonly ready: ReadyCounts;
  readonly delayed: number;
  readonly leased: number;
  readonly completed: number;
  readonly failed: number;
  readonly dead: number;
}
