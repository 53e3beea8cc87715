import { admit, type CreateTask } from "./admission.ts";
import { accepted, assert, CodeqError, type Outcome, refused } from "./errors.ts";
import type { RetryRule } from "./lifecycle.ts";
import type { QueueObserver } from "./observer.ts";
import type { QueuePolicy } from "./policy.ts";
import type { Completion, Failed, LaneStats, LeaseRefusal, NewTask, Release, Store, Sweep } from "./store.ts";
import { foldCommand, type Task, type TaskKey } from "./task.ts";
import { shardOfKey } from "./shard-of-key.ts";
import { formatTaskId, parseTaskId, Sequence, sequenceMs } from "./task-id.ts";
import { Waiters } from "./waiters.ts";

/** Who works: the tenant whose tasks it may touch, and the name its leases are held under. */
export interface WorkerIdentity {
  readonly tenant: string;
  readonly worker: string;
}

export interface ClaimOptions {
  /** Undefined claims every command of the tenant. */
  readonly commands: readonly string[] | undefined;
  /** The default lease when undefined. */
  readonly leaseMs: number | undefined;
  readonly count: number;
  /** How long to wait for a first task; 0 does not wait, Infinity waits until `signal`. */
  readonly waitMs: number;
  /** Aborted when whoever asked is gone: tasks claimed for it then go back as if never delivered. */
  readonly signal: AbortSignal | undefined;
}

export interface CreatedTask {
  readonly id: string;
  readonly task: Task;
  /** The idempotency key was known: this is the task created with it before. */
  readonly replayed: boolean;
}

export interface TaskResult {
  readonly id: string;
  readonly state: "completed" | "failed";
  /** JSON object text. */
  readonly result: string | undefined;
  readonly error: string | undefined;
}

export interface Requeued {
  readonly dead: boolean;
  /** Milliseconds until the task may be claimed again. */
  readonly delayMs: number;
}

export interface TaskQueueOptions {
  readonly store: Store;
  readonly policy: QueuePolicy;
  readonly observer: QueueObserver;
  /** Milliseconds since the epoch; never runs backwards. */
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
  readonly #clock: () => number;
  readonly #random: () => number;
  readonly #sequence: Sequence;
  readonly #claims: Waiters;
  readonly #results: Waiters;
  #turn = 0;
  #onDue: (dueMs: number) => void = () => undefined;

  constructor(options: TaskQueueOptions) {
    this.#store = options.store;
    this.#policy = options.policy;
    this.#observer = options.observer;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#sequence = new Sequence(options.store.lastSequence);
    this.#claims = new Waiters(options.policy.waitersMax);
    this.#results = new Waiters(options.policy.waitersMax);
  }

  /** Maintenance listens here for the next moment at which `sweepDue` has work. */
  set onDue(listener: (dueMs: number) => void) {
    this.#onDue = listener;
  }

  /** Claims and result requests that wait right now. */
  get waiting(): { readonly claims: number; readonly results: number } {
    return { claims: this.#claims.count, results: this.#results.count };
  }

  /** The public id of a task. */
  idOf(task: Task): string {
    return formatTaskId(task.key, this.#store.seed);
  }

  async create(tenant: string, items: readonly CreateTask[]): Promise<Outcome<CreatedTask>[]> {
    const now = this.#clock();
    const outcomes: Outcome<CreatedTask>[] = [];
    const admitted: NewTask[] = [];
    const places: number[] = [];
    const home = this.#nextShard();
    for (const [place, item] of items.entries()) {
      const admission = admit(item, tenant, this.#policy, now);
      if (!admission.ok) {
        outcomes[place] = admission;
        continue;
      }
      const shard = item.idempotencyKey === undefined ? home : shardOfKey(tenant, item.idempotencyKey, this.#policy.shards);
      admitted.push({ key: { shard, sequence: this.#sequence.next(now) }, ...admission.value });
      places.push(place);
    }
    const inserted = admitted.length === 0 ? [] : await this.#store.insert(admitted, now);
    for (const [index, outcome] of inserted.entries()) {
      const fresh = admitted[index];
      const place = places[index];
      assert(fresh !== undefined && place !== undefined, "the store answered more items than it was given");
      if (outcome.kind === "failed") {
        outcomes[place] = refused(outcome.code, outcome.message);
        continue;
      }
      const replayed = outcome.kind === "existing";
      const task = replayed ? outcome.task : taskOf(fresh, now);
      outcomes[place] = accepted({ id: this.idOf(task), task, replayed });
    }
    this.#announce(
      admitted.filter((_, index) => inserted[index]?.kind === "created"),
      now,
    );
    return outcomes;
  }

  /**
   * @returns up to `count` tasks as soon as there is one, or none once `waitMs` has passed
   * @throws CodeqError INVALID_ARGUMENT for a lease over the limit, RESOURCE_EXHAUSTED when too many wait
   */
  async claim(who: WorkerIdentity, options: ClaimOptions): Promise<Task[]> {
    const leaseMs = this.#leaseMs(options.leaseMs);
    const first = await this.#claimOnce(who, leaseMs, options);
    if (first.length > 0 || options.waitMs <= 0) return first;

    const deadlineMs = this.#clock() + options.waitMs;
    const ticket = this.#claims.join(topicsOf(who.tenant, options.commands));
    try {
      do {
        const tasks = await this.#claimOnce(who, leaseMs, options);
        if (tasks.length > 0) return tasks;
      } while (await ticket.woken(deadlineMs - this.#clock(), options.signal));
      return [];
    } finally {
      ticket.leave();
    }
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
  nack(
    who: WorkerIdentity,
    id: string,
    delayMs: number | undefined,
    reason: string | undefined,
  ): Promise<Outcome<Requeued>> {
    return this.#release(who, id, { kind: "nack", delayMs, reason });
  }

  /** Accepts at most one result per task, from the worker that holds its lease. Yields when each was accepted. */
  async complete(
    who: WorkerIdentity,
    results: readonly TaskResult[],
  ): Promise<Outcome<{ readonly completedMs: number }>[]> {
    const now = this.#clock();
    const outcomes: Outcome<{ readonly completedMs: number }>[] = [];
    const known: Completion[] = [];
    const places: number[] = [];
    for (const [place, item] of results.entries()) {
      const key = this.#keyOf(item.id);
      if (key === undefined) {
        outcomes[place] = refused("NOT_FOUND", "task not found");
        continue;
      }
      known.push({ ...who, key, ...conclusionOf(item) });
      places.push(place);
    }
    const answers = known.length === 0 ? [] : await this.#store.complete(known, now);
    for (const [index, answer] of answers.entries()) {
      const item = known[index];
      const place = places[index];
      assert(item !== undefined && place !== undefined, "the store answered more items than it was given");
      if (answer.kind === "finished") {
        outcomes[place] = accepted({ completedMs: now });
        this.#observer.finished(answer.command, item.state, answer.createdMs, now);
        this.#results.wake(topicOfTask(item.key), Number.POSITIVE_INFINITY);
      } else {
        outcomes[place] = answer.kind === "not-found" ? refused("NOT_FOUND", "task not found") : leaseRefusal(answer);
      }
    }
    return outcomes;
  }

  /** Undefined when the tenant has no such task. */
  async get(tenant: string, id: string): Promise<Task | undefined> {
    const key = this.#keyOf(id);
    if (key === undefined) return undefined;
    const [task] = await this.#store.get([{ tenant, key }]);
    return task;
  }

  /** The task once it has a result, or as it is when `waitMs` is over; undefined when the tenant has no such task. */
  async getFinished(
    tenant: string,
    id: string,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Task | undefined> {
    const first = await this.get(tenant, id);
    if (first === undefined || isFinished(first) || waitMs <= 0) return first;

    const deadlineMs = this.#clock() + waitMs;
    const ticket = this.#results.join([topicOfTask(first.key)]);
    try {
      for (;;) {
        const task = await this.get(tenant, id);
        if (task === undefined || isFinished(task)) return task;
        if (!(await ticket.woken(deadlineMs - this.#clock(), signal))) return task;
      }
    } finally {
      ticket.leave();
    }
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
    return this.#clock();
  }

  /** What keeps the store from working, or undefined. */
  fault(): string | undefined {
    return this.#store.fault();
  }

  /** Tries to end a fault. */
  recover(): Promise<void> {
    return this.#store.recover();
  }

  /** One pass over what is due: ends leases, makes delayed tasks ready. Yields when the next pass has work. */
  async sweepDue(): Promise<number | undefined> {
    const now = this.#clock();
    const [expired, promoted] = await Promise.all([
      this.#store.expire(SWEEP_LIMIT, this.#retryRule(), now),
      this.#store.promote(SWEEP_LIMIT, now),
    ]);
    for (const lane of expired.lanes) {
      this.#observer.leasesExpired(lane.command, lane.ready + lane.delayed + lane.dead.length);
      for (const task of lane.dead) {
        this.#observer.finished(lane.command, "dead", task.createdMs, now);
        this.#results.wake(topicOfTask(task.key), Number.POSITIVE_INFINITY);
      }
    }
    this.#wakeSwept(expired);
    this.#wakeSwept(promoted);
    return earliest(expired.nextDueMs, promoted.nextDueMs);
  }

  /** Forgets tasks whose retention is over, at most `limit` of them. */
  pruneFinished(limit: number): Promise<number> {
    return this.#store.prune({
      tenant: undefined,
      finishedBeforeMs: this.#clock() - this.#policy.retentionMs,
      limit,
    });
  }

  /** Ends every wait; from now on nothing waits. */
  drain(): void {
    this.#claims.close();
    this.#results.close();
  }

  async #claimOnce(who: WorkerIdentity, leaseMs: number, options: ClaimOptions): Promise<Task[]> {
    const now = this.#clock();
    const leaseUntilMs = now + leaseMs;
    this.#turn = (this.#turn + 1) | 0;
    const { commands, count, signal } = options;
    const [tasks = []] = await this.#store.claim(
      [{ ...who, commands, count, leaseUntilMs, rotation: this.#turn >>> 0 }],
      now,
    );
    if (tasks.length === 0) return tasks;
    if (signal?.aborted === true) {
      await this.giveBack(who, tasks);
      return [];
    }
    this.#onDue(leaseUntilMs);
    this.#observer.claimed(tasks, now);
    return tasks;
  }

  /** Puts claimed tasks back that never reached their worker: at once, to their old place, the delivery uncounted. */
  async giveBack(who: WorkerIdentity, tasks: readonly Task[]): Promise<void> {
    const now = this.#clock();
    const items = tasks.map((task): Release => ({ ...who, key: task.key, kind: "return" }));
    await this.#store.release(items, this.#retryRule(), now);
    for (const task of tasks) this.#wakeLane(who.tenant, task.command, 1);
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
        this.#wakeLane(who.tenant, released.command, 1);
        return accepted({ dead: false, delayMs: 0 });
      case "delayed":
        this.#onDue(released.dueMs);
        return accepted({ dead: false, delayMs: released.dueMs - now });
      case "dead":
        this.#observer.finished(released.command, "dead", released.createdMs, now);
        this.#results.wake(topicOfTask(key), Number.POSITIVE_INFINITY);
        return accepted({ dead: true, delayMs: 0 });
      default:
        return leaseRefusal(released);
    }
  }

  /** Tells the observer about new tasks, wakes who waits for them and sets the alarm for the delayed ones. */
  #announce(created: readonly NewTask[], now: number): void {
    const counts = new Map<string, number>();
    for (const task of created) {
      counts.set(task.command, (counts.get(task.command) ?? 0) + 1);
      if (task.dueMs !== undefined && task.dueMs > now) this.#onDue(task.dueMs);
      else this.#wakeLane(task.tenant, task.command, 1);
    }
    for (const [command, count] of counts) this.#observer.created(command, count);
  }

  #wakeSwept(sweep: Sweep): void {
    for (const lane of sweep.lanes) if (lane.ready > 0) this.#wakeLane(lane.tenant, lane.command, lane.ready);
  }

  #wakeLane(tenant: string, command: string, count: number): void {
    if (this.#claims.count === 0) return;
    const woken = this.#claims.wake(topicOfLane(tenant, command), count);
    if (woken < count) this.#claims.wake(topicOfTenant(tenant), count - woken);
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

  /** One shard for a whole call: the batch stays one write. */
  #nextShard(): number {
    if (this.#policy.shards === 1) return 0;
    this.#turn = (this.#turn + 1) | 0;
    return (this.#turn >>> 0) % this.#policy.shards;
  }

}

function taskOf(fresh: NewTask, now: number): Task {
  return {
    key: fresh.key,
    tenant: fresh.tenant,
    command: fresh.command,
    payload: fresh.payload,
    priority: fresh.priority,
    webhook: fresh.webhook,
    maxAttempts: fresh.maxAttempts,
    attempts: 0,
    state: fresh.dueMs !== undefined && fresh.dueMs > now ? "delayed" : "ready",
    worker: undefined,
    leaseUntilMs: undefined,
    error: undefined,
    result: undefined,
    createdMs: sequenceMs(fresh.key.sequence),
    updatedMs: sequenceMs(fresh.key.sequence),
  };
}

function conclusionOf(item: TaskResult) {
  return item.state === "completed"
    ? ({ state: "completed", result: item.result ?? "{}" } as const)
    : ({ state: "failed", error: item.error ?? "", result: item.result } as const);
}

function leaseRefusal(outcome: LeaseRefusal | Failed | undefined) {
  switch (outcome?.kind) {
    case "not-owner":
      return refused("NOT_OWNER", "not-owner");
    case "not-in-progress":
      return refused("NOT_IN_PROGRESS", "not-in-progress");
    case "failed":
      return refused(outcome.code, outcome.message);
    default:
      return refused("NOT_FOUND", "not-found");
  }
}

function isFinished(task: Task): boolean {
  return task.state === "completed" || task.state === "failed" || task.state === "dead";
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

function topicsOf(tenant: string, commands: readonly string[] | undefined): string[] {
  return commands === undefined ? [topicOfTenant(tenant)] : commands.map((command) => topicOfLane(tenant, command));
}

function topicOfLane(tenant: string, command: string): string {
  return `${tenant}\u0000${foldCommand(command)}`;
}

function topicOfTenant(tenant: string): string {
  return tenant;
}

function topicOfTask(key: TaskKey): string {
  return `${key.shard}:${key.sequence}`;
}
