import type { SQLQueryBindings, Statement } from "bun:sqlite";
import type { NewTask } from "../../queue/store.ts";
import { ROWS_MAX, RowsStatement } from "./rows-statement.ts";
import type { StatementSet } from "./statement-set.ts";

/** Which task holds an idempotency key. */
export class IdempotencyKeys {
  readonly #holder: Statement<{ task: number }, [string, string]>;
  readonly #forget: Statement<unknown, [string, string]>;
  readonly #insert: RowsStatement;

  constructor(db: StatementSet) {
    this.#holder = db.prepare("SELECT task FROM idempotency WHERE tenant = ? AND key = ?");
    this.#forget = db.prepare("DELETE FROM idempotency WHERE tenant = ? AND key = ?");
    this.#insert = new RowsStatement(db, "INSERT OR IGNORE INTO idempotency", () => "?, ?, ?");
  }

  /**
   * Gives the tasks their keys, as far as no other has them: of those that want the same, to the first. New keys are the
   * rule, so nobody looks before.
   * @returns whether each task has its key now
   */
  take(items: readonly NewTask[]): boolean {
    let wanted = 0;
    let taken = 0;
    let values: SQLQueryBindings[] = [];
    for (const { tenant, idempotencyKey, key } of items) {
      if (idempotencyKey === undefined) continue;
      wanted += 1;
      values.push(tenant, idempotencyKey, key.sequence);
      if (wanted % ROWS_MAX !== 0) continue;
      taken += this.#insert.run(ROWS_MAX, values);
      values = [];
    }
    if (values.length > 0) taken += this.#insert.run(wanted % ROWS_MAX, values);
    return taken === wanted;
  }

  /** The number of the task that holds it. */
  holder(tenant: string, idempotencyKey: string): number | undefined {
    return this.#holder.get(tenant, idempotencyKey)?.task;
  }

  forget(tenant: string, idempotencyKey: string): void {
    this.#forget.run(tenant, idempotencyKey);
  }
}
