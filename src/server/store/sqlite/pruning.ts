import type { Statement } from "bun:sqlite";
import type { PruneRequest } from "../../queue/store.ts";
import { type FinishLog, type FinishPlace, tasksOf } from "./finish-log.ts";
import type { IdempotencyKeys } from "./idempotency-keys.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";
import { DONE_STATES } from "./task-reader.ts";

/** Looked at in one step: others wait meanwhile, and most may be of tenants that are not asked about. */
const STEP_ENTRIES_MAX = 1000;

export interface PruneStep {
  readonly pruned: number;
  /** Where the next step goes on; undefined when there is nothing left to do. */
  readonly next: FinishPlace | undefined;
}

/** Forgetting finished tasks, with everything that hangs on them. */
export class Pruning {
  readonly #lanes: LaneBook;
  readonly #log: FinishLog;
  readonly #keys: IdempotencyKeys;
  readonly #state: Statement<{ state: number }, [number]>;
  readonly #keyOf: Statement<{ idempotency_key: string | null }, [number]>;
  readonly #forget: readonly Statement<unknown, [number]>[];

  constructor(db: StatementSet, lanes: LaneBook, log: FinishLog, keys: IdempotencyKeys) {
    this.#lanes = lanes;
    this.#log = log;
    this.#keys = keys;
    this.#state = db.prepare("SELECT state FROM done WHERE task = ?");
    this.#keyOf = db.prepare("SELECT idempotency_key FROM task WHERE id = ?");
    this.#forget = [db.prepare("DELETE FROM done WHERE task = ?"), db.prepare("DELETE FROM task WHERE id = ?")];
  }

  prune({ tenant, finishedBeforeMs, limit }: PruneRequest, after: FinishPlace): PruneStep {
    // Where a tenant has nothing (any more), what others have need not be passed over.
    const most = Math.min(limit, tenant === undefined ? limit : this.#lanes.finished(tenant));
    let pruned = 0;
    let seen = 0;
    if (most === 0) return { pruned, next: undefined };
    for (const entry of this.#log.oldest(finishedBeforeMs, after)) {
      const lane = this.#lanes.byId(entry.laneId);
      if (tenant === undefined || lane.tenant === tenant) {
        const tasks = tasksOf(entry);
        const count = Math.min(tasks.length, most - pruned);
        for (const task of tasks.slice(0, count)) this.#pruneOne(task, lane);
        this.#log.drop(entry, tasks, count);
        pruned += count;
        if (pruned >= most) break;
      }
      seen += 1;
      if (seen >= STEP_ENTRIES_MAX) return { pruned, next: entry };
    }
    return { pruned, next: undefined };
  }

  #pruneOne(task: number, lane: Lane): void {
    const state = this.#state.get(task)?.state ?? DONE_STATES.indexOf("dead");
    const key = this.#keyOf.get(task)?.idempotency_key ?? undefined;
    if (key !== undefined) this.#keys.forget(lane.tenant, key);
    for (const statement of this.#forget) statement.run(task);
    this.#lanes.add(lane, DONE_STATES[state] ?? "dead", -1);
  }
}
