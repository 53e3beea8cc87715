import type { Statement } from "bun:sqlite";
import type { PruneRequest } from "../../queue/store.ts";
import type { LaneBook } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";
import { DONE_STATES } from "./task-reader.ts";

/** Forgetting finished tasks, with everything that hangs on them. */
export class Pruning {
  readonly #lanes: LaneBook;
  readonly #old: Statement<unknown, [number, number]>;
  readonly #oldOfTenant: Statement<unknown, [number, string, number]>;
  readonly #finished: Statement<unknown, [number]>;
  readonly #keyOf: Statement<{ idempotency_key: string | null }, [number]>;
  readonly #forget: readonly Statement<unknown, [number]>[];
  readonly #forgetKey: Statement<unknown, [string, string]>;

  constructor(db: StatementSet, lanes: LaneBook) {
    this.#lanes = lanes;
    this.#old = db.prepare("SELECT task FROM done WHERE at <= ? ORDER BY at, task LIMIT ?");
    this.#oldOfTenant = db.prepare(
      `SELECT task FROM done WHERE at <= ? AND lane IN (SELECT id FROM lane WHERE tenant = ?)
       ORDER BY at, task LIMIT ?`,
    );
    this.#finished = db.prepare("SELECT lane, state FROM done WHERE task = ?");
    this.#keyOf = db.prepare("SELECT idempotency_key FROM task WHERE id = ?");
    this.#forget = [db.prepare("DELETE FROM done WHERE task = ?"), db.prepare("DELETE FROM task WHERE id = ?")];
    this.#forgetKey = db.prepare("DELETE FROM idempotency WHERE tenant = ? AND key = ?");
  }

  prune({ tenant, finishedBeforeMs, limit }: PruneRequest): number {
    // Rows come as arrays, in the order of the columns asked for.
    const old =
      tenant === undefined
        ? (this.#old.values(finishedBeforeMs, limit) as [number][])
        : (this.#oldOfTenant.values(finishedBeforeMs, tenant, limit) as [number][]);
    for (const [task] of old) this.#pruneOne(task);
    return old.length;
  }

  #pruneOne(task: number): void {
    const [finished] = this.#finished.values(task) as [number, number][];
    if (finished === undefined) return;
    const [laneId, code] = finished;
    const lane = this.#lanes.byId(laneId);
    const key = this.#keyOf.get(task)?.idempotency_key ?? undefined;
    if (key !== undefined) this.#forgetKey.run(lane.tenant, key);
    for (const statement of this.#forget) statement.run(task);
    this.#lanes.add(lane, DONE_STATES[code] ?? "dead", -1);
  }
}
