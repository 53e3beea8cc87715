import type { WorkerIdentity } from "./claims.ts";
import { accepted, assert, type Outcome, refused } from "./errors.ts";
import { leaseRefusal } from "./lease-refusal.ts";
import { lineOfResult } from "./lines.ts";
import type { QueueObserver } from "./observer.ts";
import type { Completion, Store } from "./store.ts";
import type { Task, TaskKey } from "./task.ts";
import { sequenceMs } from "./task-id.ts";
import { overBound } from "./text-bound.ts";
import { Waiters } from "./waiters.ts";

export interface TaskResult {
  readonly id: string;
  /** What the queue has under this id, if that is known already. */
  readonly key?: TaskKey | undefined;
  readonly state: "completed" | "failed";
  /** JSON object text. */
  readonly result: string | undefined;
  readonly error: string | undefined;
}

export interface ResultsOptions {
  readonly store: Store;
  readonly observer: QueueObserver;
  readonly clock: () => number;
  readonly waitersMax: number;
  /** Of a result, and of an error. */
  readonly textBytesMax: number;
  readonly keyOf: (id: string) => TaskKey | undefined;
}

/** Results that workers hand in, and the requests that wait for them. */
export class Results {
  readonly #options: ResultsOptions;
  // Each waits for a result of its own choice: there is nothing to hand on.
  readonly #waiters: Waiters;

  constructor(options: ResultsOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.waitersMax, () => undefined);
  }

  get waiting(): number {
    return this.#waiters.count;
  }

  /** Accepts at most one result per task, from the worker that holds its lease. Yields when each was accepted. */
  async complete(
    who: WorkerIdentity,
    results: readonly TaskResult[],
  ): Promise<Outcome<{ readonly completedMs: number }>[]> {
    const { store, observer, clock, keyOf, textBytesMax } = this.#options;
    const now = clock();
    const done = accepted({ completedMs: now });
    const outcomes: Outcome<{ readonly completedMs: number }>[] = [];
    const known: Completion[] = [];
    for (let place = 0; place < results.length; place += 1) {
      const item = results[place];
      assert(item !== undefined, "there is a result at each place");
      const key = item.key ?? keyOf(item.id);
      if (key === undefined) {
        outcomes[place] = refused("NOT_FOUND", "task not found");
        continue;
      }
      const tooLong = overBound("result", item.result, textBytesMax) ?? overBound("error", item.error, textBytesMax);
      if (tooLong !== undefined) {
        outcomes[place] = refused("PAYLOAD_TOO_LARGE", tooLong);
        continue;
      }
      known.push(completionOf(item, key, who));
    }
    const answers = known.length === 0 ? [] : await store.complete(known, now);
    let next = 0;
    for (let place = 0; place < results.length; place += 1) {
      if (outcomes[place] !== undefined) continue;
      const answer = answers[next];
      const item = known[next];
      next += 1;
      assert(answer !== undefined && item !== undefined, "the store answers what it is given");
      if (answer.kind === "finished") {
        outcomes[place] = done;
        observer.finished(answer.command, item.state, sequenceMs(item.key.sequence), now);
        this.arrived(item.key);
      } else {
        outcomes[place] = answer.kind === "not-found" ? refused("NOT_FOUND", "task not found") : leaseRefusal(answer);
      }
    }
    return outcomes;
  }

  /** Looks until the task is finished or gone, or the wait is over; yields the last look. */
  async wait(
    look: () => Promise<Task | undefined>,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Task | undefined> {
    const first = await look();
    if (first === undefined || isFinished(first) || waitMs <= 0) return first;

    const deadlineMs = this.#options.clock() + waitMs;
    const ticket = this.#waiters.join([lineOfResult(first.key)], 1);
    try {
      for (;;) {
        const task = await look();
        if (task === undefined || isFinished(task)) return task;
        if (!(await ticket.woken(deadlineMs - this.#options.clock(), signal))) return task;
      }
    } finally {
      ticket.leave(0);
    }
  }

  /** Wakes who waits for the result of this task. */
  arrived(key: TaskKey): void {
    if (this.#waiters.count === 0) return;
    const line = lineOfResult(key);
    this.#waiters.wake(line, line, Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#waiters.close();
  }
}

function completionOf(item: TaskResult, key: TaskKey, { tenant, worker }: WorkerIdentity): Completion {
  return item.state === "completed"
    ? { key, tenant, worker, state: "completed", result: item.result ?? "{}" }
    : { key, tenant, worker, state: "failed", error: item.error ?? "", result: item.result };
}

function isFinished(task: Task): boolean {
  return task.state === "completed" || task.state === "failed" || task.state === "dead";
}
