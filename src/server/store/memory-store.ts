import { type RetryRule, retryAfterFailure } from "../queue/lifecycle.ts";
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
  LaneSweep,
  LeaseHolder,
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
import { foldCommand, PRIORITY_MAX, type Task, type TaskKey } from "../queue/task.ts";
import { Sequence, sequenceMs, type TaskIdSeed } from "../queue/task-id.ts";
import { freshTask } from "../queue/whole-task.ts";

interface Entry {
  readonly item: NewTask;
  readonly lane: Lane;
  task: Task;
  /** Place in the lane while ready. */
  position: number;
  dueMs: number;
}

interface Lane {
  readonly tenant: string;
  readonly fold: string;
  readonly command: string;
}

/**
 * The reference for what a store does: every rule in its most obvious form, nothing fast, nothing durable. Other stores
 * are tested against it.
 */
export class MemoryStore implements Store {
  readonly seed: TaskIdSeed;
  readonly lastSequence = 0;
  /** In order of creation. */
  readonly #entries = new Map<string, Entry>();
  /** In order of first use. */
  readonly #lanes = new Map<string, Lane>();
  readonly #positions = new Sequence(0);

  constructor(seed: TaskIdSeed) {
    this.seed = seed;
  }

  home(): number {
    return 0;
  }

  async insert(items: readonly NewTask[], now: number): Promise<InsertOutcome[]> {
    for (const item of items) this.#positions.follow(item.key.sequence);
    return items.map((item) => {
      const holder = item.idempotencyKey === undefined ? undefined : this.#holder(item.tenant, item.idempotencyKey);
      if (holder !== undefined) return { kind: "existing", task: holder.task };
      const lane = this.#openLane(item.tenant, item.command);
      this.#entries.set(nameOf(item.key), {
        item,
        lane,
        task: freshTask(item, now),
        position: item.key.sequence,
        dueMs: item.dueMs ?? 0,
      });
      return { kind: "created" };
    });
  }

  async peek(requests: readonly LaneChoice[]): Promise<ReadyCounts[]> {
    return requests.map((request) => {
      const lanes = this.#chosen(request);
      return priorities().map((priority) => lanes.reduce((sum, lane) => sum + this.#ready(lane, priority).length, 0));
    });
  }

  async claim(requests: readonly ClaimRequest[], now: number): Promise<Task[][]> {
    return requests.map((request) => {
      const claimed: Task[] = [];
      for (const priority of priorities().reverse()) {
        const lanes = this.#chosen(request).filter((lane) => this.#ready(lane, priority).length > 0);
        const first = lanes.length === 0 ? 0 : request.rotation % lanes.length;
        for (const lane of [...lanes.slice(first), ...lanes.slice(0, first)]) {
          for (const entry of this.#ready(lane, priority).slice(0, request.count - claimed.length)) {
            entry.task = {
              ...entry.task,
              state: "leased",
              attempts: entry.task.attempts + 1,
              worker: request.worker,
              leaseUntilMs: request.leaseUntilMs,
              updatedMs: now,
            };
            claimed.push(entry.task);
          }
        }
      }
      return claimed;
    });
  }

  async extend(items: readonly Extension[], now: number): Promise<LeaseOutcome<Accepted>[]> {
    return items.map((item) => {
      const entry = this.#leasedBy(item, "not-owner");
      if ("kind" in entry) return entry;
      entry.task = { ...entry.task, leaseUntilMs: item.leaseUntilMs, updatedMs: now };
      return { kind: "accepted" };
    });
  }

  async complete(items: readonly Completion[], now: number): Promise<LeaseOutcome<Finished>[]> {
    return items.map((item) => {
      const entry = this.#leasedBy(item, "not-in-progress");
      if ("kind" in entry) return entry;
      entry.task = {
        ...unleased(entry.task, now),
        state: item.state,
        result: item.result,
        error: item.state === "failed" ? item.error : undefined,
      };
      return { kind: "finished", command: entry.lane.command };
    });
  }

  async release(items: readonly Release[], rule: RetryRule, now: number): Promise<LeaseOutcome<Released>[]> {
    return items.map((item) => {
      const entry = this.#leasedBy(item, "not-owner");
      if ("kind" in entry) return entry;
      switch (item.kind) {
        case "nack":
          return this.#retry(entry, item.delayMs, item.reason ?? "MAX_ATTEMPTS", rule, now);
        case "abandon":
          return this.#requeue(entry, now);
        case "return":
          entry.position = entry.item.key.sequence;
          entry.task = {
            ...unleased(entry.task, entry.task.createdMs),
            state: "ready",
            attempts: entry.task.attempts - 1,
          };
          return { kind: "ready", command: entry.lane.command };
      }
    });
  }

  async expire(limit: number, rule: RetryRule, now: number): Promise<Sweep> {
    const leased = this.#inState("leased").sort(by((entry) => entry.task.leaseUntilMs ?? 0));
    const ended = leased.filter((entry) => (entry.task.leaseUntilMs ?? 0) <= now).slice(0, limit);
    const lanes = sweep(ended, (entry) => this.#retry(entry, undefined, "LEASE_EXPIRED", rule, now));
    const [next] = this.#inState("leased").sort(by((entry) => entry.task.leaseUntilMs ?? 0));
    return { lanes, nextDueMs: next?.task.leaseUntilMs };
  }

  async promote(limit: number, now: number): Promise<Sweep> {
    const delayed = this.#inState("delayed").sort(by((entry) => entry.dueMs));
    const due = delayed.filter((entry) => entry.dueMs <= now).slice(0, limit);
    const lanes = sweep(due, (entry) => this.#requeue(entry, now));
    const [next] = this.#inState("delayed").sort(by((entry) => entry.dueMs));
    return { lanes, nextDueMs: next?.dueMs };
  }

  async prune(request: PruneRequest): Promise<number> {
    const old = this.#inState("completed", "failed", "dead")
      .filter((entry) => request.tenant === undefined || entry.item.tenant === request.tenant)
      .filter((entry) => entry.task.updatedMs <= request.finishedBeforeMs)
      .sort(by((entry) => entry.task.updatedMs))
      .slice(0, request.limit);
    for (const entry of old) this.#entries.delete(nameOf(entry.item.key));
    for (const [name, lane] of this.#lanes) if (this.#inLane(lane).length === 0) this.#lanes.delete(name);
    return old.length;
  }

  async get(items: readonly TaskOfTenant[]): Promise<(Task | undefined)[]> {
    return items.map((item) => this.#ofTenant(item)?.task);
  }

  async find(items: readonly KeyOfTenant[]): Promise<(Task | undefined)[]> {
    return items.map((item) => this.#holder(item.tenant, item.idempotencyKey)?.task);
  }

  async stats(filter: StatsFilter): Promise<LaneStats[]> {
    const fold = filter.command === undefined ? undefined : foldCommand(filter.command);
    return [...this.#lanes.values()]
      .filter((lane) => filter.tenant === undefined || lane.tenant === filter.tenant)
      .filter((lane) => fold === undefined || lane.fold === fold)
      .map((lane) => {
        const count = (state: Task["state"]): number =>
          this.#inLane(lane).filter((entry) => entry.task.state === state).length;
        return {
          tenant: lane.tenant,
          command: lane.command,
          ready: priorities().map((priority) => this.#ready(lane, priority).length),
          delayed: count("delayed"),
          leased: count("leased"),
          completed: count("completed"),
          failed: count("failed"),
          dead: count("dead"),
        };
      });
  }

  fault(): string | undefined {
    return undefined;
  }

  diskFull(): boolean {
    return false;
  }

  async recover(): Promise<void> {
    // Nothing here can fail.
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #retry(entry: Entry, delayMs: number | undefined, reason: string, rule: RetryRule, now: number): Released {
    const { attempts, maxAttempts } = entry.task;
    const { command } = entry.lane;
    const retry = retryAfterFailure({ sequence: entry.item.key.sequence, attempts, maxAttempts }, delayMs, rule);
    switch (retry.to) {
      case "dead":
        entry.task = { ...unleased(entry.task, now), state: "dead", error: reason };
        return { kind: "dead", command };
      case "ready":
        return this.#requeue(entry, now);
      case "delayed":
        entry.task = { ...unleased(entry.task, now), state: "delayed" };
        entry.dueMs = now + retry.delayMs;
        return { kind: "delayed", command, dueMs: entry.dueMs };
    }
  }

  #requeue(entry: Entry, now: number): Released {
    entry.position = this.#positions.next(now);
    entry.task = { ...unleased(entry.task, sequenceMs(entry.position)), state: "ready" };
    return { kind: "ready", command: entry.lane.command };
  }

  #leasedBy(holder: LeaseHolder, unheld: "not-owner" | "not-in-progress"): Entry | LeaseRefusal {
    const entry = this.#ofTenant(holder);
    if (entry === undefined) return { kind: "not-found" };
    if (entry.task.state !== "leased") return { kind: unheld };
    return entry.task.worker === holder.worker ? entry : { kind: "not-owner" };
  }

  #ofTenant(item: TaskOfTenant): Entry | undefined {
    const entry = this.#entries.get(nameOf(item.key));
    return entry?.item.tenant === item.tenant ? entry : undefined;
  }

  #holder(tenant: string, key: string): Entry | undefined {
    return [...this.#entries.values()].find(({ item }) => item.tenant === tenant && item.idempotencyKey === key);
  }

  #openLane(tenant: string, command: string): Lane {
    const fold = foldCommand(command);
    const name = `${tenant}\u0000${fold}`;
    const lane = this.#lanes.get(name) ?? { tenant, fold, command };
    this.#lanes.set(name, lane);
    return lane;
  }

  #chosen(choice: LaneChoice): Lane[] {
    if (choice.commands === undefined) return [...this.#lanes.values()].filter((lane) => lane.tenant === choice.tenant);
    const folds = new Set(choice.commands.map(foldCommand));
    return [...folds].flatMap((fold) => this.#lanes.get(`${choice.tenant}\u0000${fold}`) ?? []);
  }

  #inLane(lane: Lane): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.lane === lane);
  }

  #ready(lane: Lane, priority: number): Entry[] {
    return this.#inLane(lane)
      .filter((entry) => entry.task.state === "ready" && entry.task.priority === priority)
      .sort(by((entry) => entry.position));
  }

  #inState(...states: Task["state"][]): Entry[] {
    return [...this.#entries.values()].filter((entry) => states.includes(entry.task.state));
  }
}

function sweep(entries: readonly Entry[], move: (entry: Entry) => Released): LaneSweep[] {
  const lanes = new Map<Lane, LaneSweep>();
  for (const entry of entries) {
    const { tenant, command } = entry.lane;
    const sum = lanes.get(entry.lane) ?? { tenant, command, ready: 0, delayed: 0, dead: [] };
    const moved = move(entry);
    lanes.set(entry.lane, {
      ...sum,
      ready: sum.ready + (moved.kind === "ready" ? 1 : 0),
      delayed: sum.delayed + (moved.kind === "delayed" ? 1 : 0),
      dead: moved.kind === "dead" ? [...sum.dead, entry.item.key] : sum.dead,
    });
  }
  return [...lanes.values()];
}

function unleased(task: Task, updatedMs: number): Task {
  return { ...task, worker: undefined, leaseUntilMs: undefined, updatedMs };
}

/** Ascending, ties by creation. */
function by(measure: (entry: Entry) => number): (a: Entry, b: Entry) => number {
  return (a, b) => {
    const difference = measure(a) - measure(b);
    return difference === 0 ? a.item.key.sequence - b.item.key.sequence : difference;
  };
}

function priorities(): number[] {
  return Array.from({ length: PRIORITY_MAX + 1 }, (_, priority) => priority);
}

function nameOf(key: TaskKey): string {
  return `${key.shard}:${key.sequence}`;
}
