import type { SQLQueryBindings, Statement } from "bun:sqlite";
import type { NewTask } from "../../queue/store.ts";
import type { StatementSet } from "./statement-set.ts";

const KEYS_MAX = 16;

/** A statement, which also takes its values in an array. */
interface Insert {
  run(values: readonly SQLQueryBindings[]): { readonly changes: number };
}

/** Which task holds an idempotency key. */
export class IdempotencyKeys {
  readonly #db: StatementSet;
  readonly #holder: Statement<{ task: number }, [string, string]>;
  readonly #forget: Statement<unknown, [string, string]>;
  /** By number of keys. */
  readonly #inserts: Insert[] = [];

  constructor(db: StatementSet) {
    this.#db = db;
    this.#holder = db.prepare("SELECT task FROM idempotency WHERE tenant = ? AND key = ?");
    this.#forget = db.prepare("DELETE FROM idempotency WHERE tenant = ? AND key = ?");
    this.#inserts[1] = this.#prepare(1);
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
      if (wanted % KEYS_MAX !== 0) continue;
      taken += this.#insert(KEYS_MAX, values);
      values = [];
    }
    taken += this.#insert(wanted % KEYS_MAX, values);
    return taken === wanted;
  }

  /** The number of the task that holds it. */
  holder(tenant: string, idempotencyKey: string): number | undefined {
    return this.#holder.get(tenant, idempotencyKey)?.task;
  }

  forget(tenant: string, idempotencyKey: string): void {
    this.#forget.run(tenant, idempotencyKey);
  }

  /** Yields how many of them were free. */
  #insert(keys: number, values: readonly SQLQueryBindings[]): number {
    if (keys === 0) return 0;
    this.#inserts[keys] ??= this.#prepare(keys);
    return this.#inserts[keys].run(values).changes;
  }

  #prepare(keys: number): Insert {
    const rows = Array.from({ length: keys }, () => "(?, ?, ?)").join(", ");
    const statement: unknown = this.#db.prepare(`INSERT OR IGNORE INTO idempotency VALUES ${rows}`);
    return statement as Insert;
  }
}
