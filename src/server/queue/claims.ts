import type { RetryRule } from "./lifecycle.ts";
import { laneOf, linesOf, tenantOfLane } from "./lines.ts";
import type { QueueObserver } from "./observer.ts";
import type { Release, Store } from "./store.ts";
import type { Task } from "./task.ts";
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

export interface ClaimsOptions {
  readonly store: Store;
  readonly observer: QueueObserver;
  readonly clock: () => number;
  readonly waitersMax: number;
  readonly retryRule: () => RetryRule;
  /** Told when a lease will end. */
  readonly onDue: (dueMs: number) => void;
}

/** Claims, those that wait among them. */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #waiters: Waiters;
  #turn = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.waitersMax, (lane, count) => this.wake(lane, count));
  }

  get waiting(): number {
    return this.#waiters.count;
  }

  async claim(who: WorkerIdentity, leaseMs: number, options: ClaimOptions): Promise<Task[]> {
    const { clock } = this.#options;
    // Where others wait there is mostly nothing to be found, and the second look will do.
    if (options.waitMs <= 0 || this.#waiters.count === 0 || this.#waiters.isFull) {
      const first = await this.#claimOnce(who, leaseMs, options);
      if (first.length > 0 || options.waitMs <= 0) return first;
    }
    const deadlineMs = clock() + options.waitMs;
    const ticket = this.#waiters.join(linesOf(who.tenant, options.commands), options.count);
    let spent = 0;
    try {
      do {
        const tasks = await this.#claimOnce(who, leaseMs, options);
        spent = countOf(tasks, ticket.cause);
        if (tasks.length > 0) return tasks;
      } while (await ticket.woken(deadlineMs - clock(), options.signal));
      return [];
    } finally {
      ticket.leave(spent);
    }
  }

  async giveBack(who: WorkerIdentity, tasks: readonly Task[]): Promise<void> {
    const { store, retryRule, clock } = this.#options;
    const items = tasks.map((task): Release => ({ ...who, key: task.key, kind: "return" }));
    await store.release(items, retryRule(), clock());
    for (const task of tasks) this.wake(laneOf(who.tenant, task.command), 1);
  }

  /** Wakes who waits for this lane, and then who waits for any of its tenant's. */
  wake(lane: string, count: number): void {
    if (count === 0 || this.#waiters.count === 0) return;
    const left = this.#waiters.wake(lane, lane, count);
    if (left > 0) this.#waiters.wake(tenantOfLane(lane), lane, left);
  }

  /** Ends every wait; from now on nothing waits. */
  close(): void {
    this.#waiters.close();
  }

  async #claimOnce(who: WorkerIdentity, leaseMs: number, options: ClaimOptions): Promise<Task[]> {
    const { store, observer, clock, onDue } = this.#options;
    const { commands, count, signal } = options;
    const now = clock();
    const leaseUntilMs = now + leaseMs;
    this.#turn = (this.#turn + 1) >>> 0;
    const [tasks = []] = await store.claim([{ ...who, commands, count, leaseUntilMs, rotation: this.#turn }], now);
    if (tasks.length === 0) return tasks;
    if (signal?.aborted === true) {
      await this.giveBack(who, tasks);
      return [];
    }
    onDue(leaseUntilMs);
    observer.claimed(tasks, now);
    return tasks;
  }
}

function countOf(tasks: readonly Task[], lane: string | undefined): number {
  let count = 0;
  for (const task of tasks) if (laneOf(task.tenant, task.command) === lane) count += 1;
  return count;
}
