import type { Statement } from "bun:sqlite";
import type { PruneRequest } from "../../queue/store.ts";
import type { FinishLog } from "./finish-log.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";
import { DONE_STATES } from "./task-reader.ts";

/** Forgetting finished tasks, with everything that hangs on them. */
export class Pruning {
  readonly #lanes: LaneBook;
  readonly #log: FinishLog;
  readonly #state: Statement<{ state: number }, [number]>;
  readonly #keyOf: Statement<{ idempotency_key: string | null }, [number]>;
  readonly #forget: readonly Statement<unknown, [number]>[];
  readonly #forgetKey: Statement<unknown, [string, string]>;

  constructor(db: StatementSet, lanes: LaneBook, log: FinishLog) {
    this.#lanes = lanes;
    this.#log = log;
    this.#state = db.prepare("SELECT state FROM done WHERE task = ?");
    this.#keyOf = db.prepare("SELECT idempotency_key FROM task WHERE id = ?");
    this.#forget = [db.prepare("DELETE FROM done WHERE task = ?"), db.prepare("DELETE FROM task WHERE id = ?")];
    this.#forgetKey = db.prepare("DELETE FROM idempotency WHERE tenant = ? AND key = ?");
  }

  prune({ tenant, finishedBeforeMs, limit }: PruneRequest): number {
    let pruned = 0;
    for (const entry of this.#log.oldest(finishedBeforeMs)) {
      if (pruned >= limit) break;
      const lane = this.#lanes.byId(entry.laneId);
      if (tenant !== undefined && lane.tenant !== tenant) continue;
      const count = Math.min(entry.tasks.length, limit - pruned);
      for (const task of entry.tasks.slice(0, count)) this.#pruneOne(task, lane);
      this.#log.drop(entry, count);
      pruned += count;
    }
    return pruned;
  }

  #pruneOne(task: number, lane: Lane): void {
    const state = this.#state.get(task)?.state ?? DONE_STATES.indexOf("dead");
    const key = this.#keyOf.get(task)?.idempotency_key ?? undefined;
    if (key !== undefined) this.#forgetKey.run(lane.tenant, key);
    for (const statement of this.#forget) statement.run(task);
    this.#lanes.add(lane, DONE_STATES[state] ?? "dead", -1);
  }
}
