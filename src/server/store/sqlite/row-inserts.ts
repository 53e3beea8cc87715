import type { SQLQueryBindings, Statement } from "bun:sqlite";
import type { StatementSet } from "./statement-set.ts";

const ROWS = 8;

/**
 * Inserts rows, as far as it can eight at a time: the call of a statement costs as much as the row it inserts. What was
 * added is in the table after `flush`; until then nothing may read there, or write by another way.
 */
export class RowInserts {
  /** The values of the row that `add` began are to be put here. */
  readonly values: SQLQueryBindings[];
  readonly #columns: number;
  readonly #several: Statement<unknown, SQLQueryBindings[]>;
  readonly #one: Statement<unknown, SQLQueryBindings[]>;
  #rows = 0;

  constructor(db: StatementSet, table: string, columns: number) {
    this.#columns = columns;
    this.values = Array.from({ length: ROWS * columns }, () => null);
    const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
    const insert = `INSERT INTO ${table} VALUES`;
    this.#several = db.prepare<unknown, SQLQueryBindings[]>(
      `${insert} ${Array.from({ length: ROWS }, () => row).join(", ")}`,
    );
    this.#one = db.prepare<unknown, SQLQueryBindings[]>(`${insert} ${row}`);
  }

  /** @returns where in `values` its first column is; all have to be set */
  add(): number {
    if (this.#rows === ROWS) this.flush();
    const start = this.#rows * this.#columns;
    this.#rows += 1;
    return start;
  }

  flush(): void {
    const rows = this.#rows;
    this.#rows = 0;
    if (rows === ROWS) this.#several.run(...this.values);
    else {
      for (let row = 0; row < rows; row += 1) {
        this.#one.run(...this.values.slice(row * this.#columns, (row + 1) * this.#columns));
      }
    }
    // Payloads may be large.
    this.values.fill(null);
  }

  /** To be called when the transaction is undone. */
  forget(): void {
    this.#rows = 0;
  }
}
