import type { SQLQueryBindings } from "bun:sqlite";
import type { StatementSet } from "./statement-set.ts";

const ROWS_MAX = 16;

export interface RowColumns {
  /** In each row another value. */
  readonly own: readonly string[];
  /** Up to four numbers that rows which come together mostly share. */
  readonly shared: readonly string[];
}

/** A statement, which also takes its values in an array: spread out they would be copied twice. */
interface Insert {
  run(values: readonly SQLQueryBindings[]): unknown;
}

/**
 * Inserts rows, as far as it can several at a time: the call of a statement costs as much as the row it inserts, and each
 * value a tenth of it. Columns that are not named stay NULL. What was added is in the table after `flush`, which whoever
 * reads there calls first, and who commits.
 */
export class RowInserts {
  readonly #db: StatementSet;
  readonly #table: string;
  readonly #columns: RowColumns;
  /** By number of rows. */
  readonly #statements: Insert[] = [];
  /** The shared ones first. */
  #values: SQLQueryBindings[] = [];
  #rows = 0;

  constructor(db: StatementSet, table: string, columns: RowColumns) {
    this.#db = db;
    this.#table = table;
    this.#columns = columns;
    // Most that can be wrong with the text shows when the file is opened.
    this.#statements[1] = this.#prepare(1);
  }

  /** @param own as many as there are such columns */
  add(own: readonly SQLQueryBindings[], first: number, second: number, third: number, fourth = 0): void {
    if (this.#rows === ROWS_MAX || !this.#shares(first, second, third, fourth)) this.flush();
    const values = this.#values;
    if (this.#rows === 0) {
      values.push(first, second, third);
      if (this.#columns.shared.length > 3) values.push(fourth);
    }
    for (const value of own) values.push(value);
    this.#rows += 1;
  }

  flush(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    this.#statements[rows] ??= this.#prepare(rows);
    this.#statements[rows].run(this.#values);
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
    return this.#columns.shared.length < 4 || values[3] === fourth;
  }

  #prepare(rows: number): Insert {
    const { own, shared } = this.#columns;
    const sharedSlots = shared.map((_, index) => `?${index + 1}`);
    const texts = Array.from({ length: rows }, (_, row) => {
      const before = shared.length + row * own.length;
      const ownSlots = own.map((__, index) => `?${before + index + 1}`);
      return `(${[...sharedSlots, ...ownSlots].join(", ")})`;
    });
    const names = [...shared, ...own].join(", ");
    const statement: unknown = this.#db.prepare(`INSERT INTO ${this.#table} (${names}) VALUES ${texts.join(", ")}`);
    return statement as Insert;
  }
}
