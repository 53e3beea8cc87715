import type { SQLQueryBindings } from "bun:sqlite";
import { ROWS_MAX, RowsStatement } from "./rows-statement.ts";
import type { StatementSet } from "./statement-set.ts";

export interface RowColumns {
  /** In each row another value. */
  readonly own: readonly string[];
  /** Up to four numbers that rows which come together mostly share. */
  readonly shared: readonly string[];
}

/**
 * Inserts rows, as far as it can several at a time: the call of a statement costs as much as the row it inserts, and each
 * value a tenth of it. Columns that are not named stay NULL. What was added is in the table after `flush`, which whoever
 * reads there calls first, and who commits.
 */
export class RowInserts {
  readonly #statement: RowsStatement;
  readonly #shared: number;
  /** The shared ones first. */
  #values: SQLQueryBindings[] = [];
  #rows = 0;

  constructor(db: StatementSet, table: string, { own, shared }: RowColumns) {
    const sharedSlots = shared.map((_, index) => `?${index + 1}`);
    this.#shared = shared.length;
    this.#statement = new RowsStatement(db, `INSERT INTO ${table} (${[...shared, ...own].join(", ")})`, (row) => {
      const before = shared.length + row * own.length;
      return [...sharedSlots, ...own.map((_, index) => `?${before + index + 1}`)].join(", ");
    });
  }

  /**
   * Adds a row with these shared values.
   * @returns where the caller pushes the row's own values, at once, as many as there are such columns
   */
  add(first: number, second: number, third: number, fourth = 0): SQLQueryBindings[] {
    if (this.#rows === ROWS_MAX || !this.#shares(first, second, third, fourth)) this.flush();
    const values = this.#values;
    if (this.#rows === 0) {
      values.push(first, second, third);
      if (this.#shared > 3) values.push(fourth);
    }
    this.#rows += 1;
    return values;
  }

  flush(): void {
    if (this.#rows === 0) return;
    this.#statement.run(this.#rows, this.#values);
    this.forget();
  }

  /** To be called when the transaction is undone. */
  forget(): void {
    this.#rows = 0;
    // Payloads may be large.
    this.#values = [];
  }

  #shares(first: number, second: number, third: number, fourth: number): boolean {
    const values = this.#values;
    if (values[0] !== first || values[1] !== second || values[2] !== third) return false;
    return this.#shared < 4 || values[3] === fourth;
  }
}
