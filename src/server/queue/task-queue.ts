import { admit, type CreateTask } from "./admission.ts";
import { type ClaimOptions, Claims, type WorkerIdentity } from "./claims.ts";
import { CreatedTask } from "./created-task.ts";
import { accepted, assert, CodeqError, type Outcome, refused } from "./errors.ts";
import { leaseRefusal } from "./lease-refusal.ts";
import type { RetryRule } from "./lifecycle.ts";
import { laneOf } from "./lines.ts";
import type { QueueObserver } from "./observer.ts";
import type { QueuePolicy } from "./policy.ts";
import { Results, type TaskResult } from "./results.ts";
import { shardOfKey } from "./shard-of-key.ts";
import { turnOf } from "./shard-of-moment.ts";
import type { InsertOutcome, LaneStats, NewTask, Store } from "./store.ts";
import type { Task, TaskKey } from "./task.ts";
import { formatTaskId, parseTaskId, readTaskId, Sequence, sequenceMs, writeTaskId } from "./task-id.ts";
import { overBound } from "./text-bound.ts";

export interface Requeued {
  readonly dead: boolean;
  /** Milliseconds until the task may be claimed again. */
  readonly delayMs: number;
}

/** A task, or what will be one. */
export type Keyed = Pick<Task, "key">;

export interface TaskQueueOptions {
  readonly store: Store;
  readonly policy: QueuePolicy;
  readonly observer: QueueObserver;
  /** Milliseconds since the epoch, with fractions; never runs backwards. */
  readonly clock: () => number;
  /** Whole numbers of 32 bits. */
  readonly random: () => number;
}

const SWEEP_LIMIT = 1000;

/**
 * The queue as producers and workers see it, whatever they speak. Decides defaults, limits, ids and time, and wakes
 * those who wait; the store does the rest.
 *
 * A promise that resolves here is an acknowledgement: the change is committed. One that rejects is an outage
 * (`CodeqError` UNAVAILABLE, DISK_FULL or COMMIT_UNKNOWN); refusals of single items are `Outcome`s.
 */
export class TaskQueue {
  readonly #store: Store;
  readonly #policy: QueuePolicy;
  readonly #observer: QueueObserver;
  /** Rounded up: what is counted from here does not end early. */
  readonly #clock: () => number;
  /** Rounded down: what is due by it is due. */
  readonly #past: () => number;
  readonly #random: () => number;
  readonly #sequence: Sequence;
  readonly #claims: Claims;
  readonly #results: Results;
  /** How many new tasks of each lane nobody was woken for yet. */
  #arrived = new Map<string, number>();
  #onDue: (dueMs: number) => void = () => undefined;

  constructor(options: TaskQueueOptions) {
    this.#store = options.store;
    this.#policy = options.policy;
    this.#observer = options.observer;
    this.#clock = () => Math.ceil(options.clock());
    this.#past = () => Math.floor(options.clock());
    this.#random = options.random;
    this.#sequence = new Sequence(options.store.lastSequence);
    this.#claims = new Claims({
      ...options,
      clock: this.#clock,
      waitersMax: options.policy.waitersMax,
      retryRule: () => this.#retryRule(),
      onDue: (dueMs) => this.#onDue(dueMs),
    });
    this.#results = new Results({
      ...options,
      clock: this.#clock,
      waitersMax: options.policy.waitersMax,
      textBytesMax: options.policy.payloadBytesMax,
      keyOf: (id) => this.#keyOf(id),
    });
  }

  /** Maintenance listens here for the next moment at which `sweepDue` has work. */
  set onDue(listener: (dueMs: number) => void) {
    this.#onDue = listener;
  }

  /** Claims and result requests that wait right now. */
  get waiting(): { readonly claims: number; readonly results: number } {
    return { claims: this.#claims.waiting, results: this.#results.waiting };
  }

  /** The public id of a task. */
  idOf({ key }: Keyed): string {
    return formatTaskId(key, this.#store.seed);
  }

  /** The task behind a public id, `TASK_ID_BYTES` bytes of ASCII in a message; undefined for one that is none of ours. */
  readId(bytes: Uint8Array, start: number): TaskKey | undefined {
    return readTaskId(bytes, start, this.#store.seed);
  }

  /** Writes the public id into a message: `TASK_ID_BYTES` bytes of ASCII. */
  writeId({ key }: Keyed, target: Uint8Array, start: number): void {
    writeTaskId(key, this.#store.seed, target, start);
  }

  async create(tenant: string, items: readonly CreateTask[]): Promise<Outcome<CreatedTask>[]> {
    const now = this.#clock();
    const outcomes: Outcome<CreatedTask>[] = [];
    const admitted: NewTask[] = [];
    const home = this.#store.home(turnOf(now));
    const placeFor = ({ idempotencyKey }: CreateTask): TaskKey => ({
      shard: idempotencyKey === undefined ? home : shardOfKey(tenant, idempotencyKey, this.#policy.shards),
      sequence: this.#sequence.next(now),
    });
    for (let place = 0; place < items.length; place += 1) {
      const item = items[place];
      assert(item !== undefined, "there is an item at each place");
      const admission = admit(item, tenant, this.#policy, now, placeFor);
      if (admission instanceof CodeqError) {
        outcomes[place] = { ok: false, error: admission };
        continue;
      }
      admitted.push(admission);
    }
    const inserted = admitted.length === 0 ? [] : await this.#insert(tenant, admitted, now);
    let next = 0;
    for (let place = 0; place < items.length; place += 1) {
      if (outcomes[place] !== undefined) continue;
      const outcome = inserted[next];
      const fresh = admitted[next];
      next += 1;
      assert(outcome !== undefined && fresh !== undefined, "the store answers what it is given");
      outcomes[place] =
        outcome.kind === "failed"
          ? refused(outcome.code, outcome.message)
          : new CreatedTask(fresh, outcome.kind === "existing" ? outcome.task : undefined, now);
    }
    this.#announce(admitted, inserted);
    return outcomes;
  }

  /**
   * @returns up to `count` tasks as soon as there is one, or none once `waitMs` has passed
   * @throws CodeqError INVALID_ARGUMENT for a lease over the limit, RESOURCE_EXHAUSTED when too many wait
   */
  async claim(who: WorkerIdentity, options: ClaimOptions): Promise<Task[]> {
    return this.#claims.claim(who, this.#leaseMs(options.leaseMs), options);
  }

  /** Puts claimed tasks back that never reached their worker: at once, to their old place, the delivery uncounted. */
  giveBack(who: WorkerIdentity, tasks: readonly Task[]): Promise<void> {
    return this.#claims.giveBack(who, tasks);
  }

  /** @param leaseMs from now on; the default lease when undefined */
  async heartbeat(who: WorkerIdentity, id: string, leaseMs: number | undefined): Promise<Outcome<void>> {
    const key = this.#keyOf(id);
    if (key === undefined) return refused("NOT_FOUND", "not-found");
    const now = this.#clock();
    const leaseUntilMs = now + this.#leaseMs(leaseMs);
    const [outcome] = await this.#store.extend([{ ...who, key, leaseUntilMs }], now);
    if (outcome === undefined || outcome.kind !== "accepted") return leaseRefusal(outcome);
    this.#onDue(leaseUntilMs);
    return accepted(undefined);
  }

  /** Puts the task back at the tail of its lane; the delivery stays counted. */
  async abandon(who: WorkerIdentity, id: string): Promise<Outcome<void>> {
    const outcome = await this.#release(who, id, { kind: "abandon" });
    return outcome.ok ? accepted(undefined) : outcome;
  }

  /**
   * Gives a task back as failed.
   * @param delayMs undefined leaves the delay to the backoff policy, 0 makes the task claimable at once
   * @param reason kept as the task's error if this was its last delivery
   */
  async nack(
    who: WorkerIdentity,
    id: string,
    delayMs: number | undefined,
    reason: string | undefined,
  ): Promise<Outcome<Requeued>> {
    const tooLong = overBound("reason", reason, this.#policy.payloadBytesMax);
    if (tooLong !== undefined) return refused("PAYLOAD_TOO_LARGE", tooLong);
    return this.#release(who, id, { kind: "nack", delayMs, reason });
  }

  /** Accepts at most one result per task, from the worker that holds its lease. Yields when each was accepted. */
  complete(who: WorkerIdentity, results: readonly TaskResult[]): Promise<Outcome<{ readonly completedMs: number }>[]> {
    return this.#results.complete(who, results);
  }

  /** Undefined when the tenant has no such task. */
  async get(tenant: string, id: string): Promise<Task | undefined> {
    const key = this.#keyOf(id);
    if (key === undefined) return undefined;
    const [task] = await this.#store.get([{ tenant, key }]);
    return task;
  }

  /** The task once it has a result, or as it is when `waitMs` is over; undefined when the tenant has no such task. */
  getFinished(tenant: string, id: string, waitMs: number, signal: AbortSignal | undefined): Promise<Task | undefined> {
    return this.#results.wait(() => this.get(tenant, id), waitMs, signal);
  }

  stats(tenant: string | undefined, command: string | undefined): Promise<LaneStats[]> {
    return this.#store.stats({ tenant, command });
  }

  /** Forgets at most `limit` of a tenant's tasks whose retention ended before `beforeMs`; those not finished stay. */
  cleanup(tenant: string, beforeMs: number, limit: number): Promise<number> {
    return this.#store.prune({ tenant, finishedBeforeMs: beforeMs - this.#policy.retentionMs, limit });
  }

  /** The clock all deadlines are measured by. */
  now(): number {
    return this.#past();
  }

  /** What keeps the store from working, or undefined. */
  fault(): string | undefined {
    return this.#store.fault();
  }

  /** Whether new tasks are refused for want of room. */
  diskFull(): boolean {
    return this.#store.diskFull();
  }

  /** Tries to end a fault, or looks for room. */
  recover(): Promise<void> {
    return this.#store.recover();
  }

  /** One pass over what is due: ends leases, makes delayed tasks ready. Yields when the next pass has work. */
  async sweepDue(): Promise<number | undefined> {
    const now = this.#past();
    const nextDues = await Promise.all([this.#endLeases(now), this.#wakeDelayed(now)]);
    return earliest(...nextDues);
  }

  /** Forgets tasks whose retention is over, at most `limit` of them. */
  pruneFinished(limit: number): Promise<number> {
    return this.#store.prune({
      tenant: undefined,
      finishedBeforeMs: this.#past() - this.#policy.retentionMs,
      limit,
    });
  }

  /** Ends every wait; from now on nothing waits. */
  drain(): void {
    this.#claims.close();
    this.#results.close();
  }

  async #release(
    who: WorkerIdentity,
    id: string,
    how: { kind: "abandon" } | { kind: "nack"; delayMs: number | undefined; reason: string | undefined },
  ): Promise<Outcome<Requeued>> {
    const key = this.#keyOf(id);
    if (key === undefined) return refused("NOT_FOUND", "not-found");
    const now = this.#clock();
    const [released] = await this.#store.release([{ ...who, key, ...how }], this.#retryRule(), now);
    switch (released?.kind) {
      case "ready":
        this.#claims.wake(laneOf(who.tenant, released.command), 1);
        return accepted({ dead: false, delayMs: 0 });
      case "delayed":
        this.#onDue(released.dueMs);
        return accepted({ dead: false, delayMs: released.dueMs - now });
      case "dead":
        this.#observer.finished(released.command, "dead", sequenceMs(key.sequence), now);
        this.#results.arrived(key);
        return accepted({ dead: true, delayMs: 0 });
      default:
        return leaseRefusal(released);
    }
  }

  #insert(tenant: string, tasks: readonly NewTask[], now: number): Promise<InsertOutcome[]> {
    if (this.#claims.waiting > 0) {
      const ready = new Map<string, number>();
      for (const task of tasks) if (task.dueMs === undefined) add(ready, task.command, 1);
      for (const [command, count] of ready) this.#wakeSoon(laneOf(tenant, command), count);
    }
    return this.#store.insert(tasks, now);
  }

  /** Once all of this turn have come, but before they are committed. */
  #wakeSoon(lane: string, count: number): void {
    if (this.#arrived.size === 0) {
      setImmediate(() => {
        const arrived = this.#arrived;
        this.#arrived = new Map();
        for (const [arrivedLane, arrivedCount] of arrived) this.#claims.wake(arrivedLane, arrivedCount);
      });
    }
    add(this.#arrived, lane, count);
  }

  /** Tells the observer about new tasks and sets the alarm for the delayed ones. */
  #announce(tasks: readonly NewTask[], inserted: readonly InsertOutcome[]): void {
    const counts = new Map<string, number>();
    for (let index = 0; index < inserted.length; index += 1) {
      const task = tasks[index];
      if (task === undefined || inserted[index]?.kind !== "created") continue;
      add(counts, task.command, 1);
      if (task.dueMs !== undefined) this.#onDue(task.dueMs);
    }
    for (const [command, count] of counts) this.#observer.created(command, count);
  }

  async #endLeases(now: number): Promise<number | undefined> {
    const expired = await this.#store.expire(SWEEP_LIMIT, this.#retryRule(), now);
    for (const { tenant, command, ready, delayed, dead } of expired.lanes) {
      this.#observer.leasesExpired(command, ready + delayed + dead.length);
      this.#claims.wake(laneOf(tenant, command), ready);
      for (const key of dead) {
        this.#observer.finished(command, "dead", sequenceMs(key.sequence), now);
        this.#results.arrived(key);
      }
    }
    return expired.nextDueMs;
  }

  async #wakeDelayed(now: number): Promise<number | undefined> {
    const promoted = await this.#store.promote(SWEEP_LIMIT, now);
    for (const { tenant, command, ready } of promoted.lanes) this.#claims.wake(laneOf(tenant, command), ready);
    return promoted.nextDueMs;
  }

  #keyOf(id: string): TaskKey | undefined {
    return parseTaskId(id, this.#store.seed);
  }

  #leaseMs(asked: number | undefined): number {
    const leaseMs = asked ?? this.#policy.leaseMsDefault;
    if (leaseMs > this.#policy.leaseMsMax) {
      const bound = this.#policy.leaseMsMax / 1000;
      throw new CodeqError("INVALID_ARGUMENT", `lease of ${leaseMs / 1000} s is over the limit of ${bound} s`);
    }
    return leaseMs;
  }

  #retryRule(): RetryRule {
    return { ...this.#policy.retry, seed: this.#random() };
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
