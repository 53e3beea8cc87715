import type { SQLQueryBindings } from "bun:sqlite";
import type { StatementSet } from "./statement-set.ts";

/** Rows at a time; more make it no faster. */
export const ROWS_MAX = 16;

/** A statement that takes its values in an array: spread out they would be copied twice. */
interface Prepared {
  run(values: readonly SQLQueryBindings[]): { readonly changes: number };
}

/** One insert for up to `ROWS_MAX` rows, prepared anew for each number when it is first needed. */
export class RowsStatement {
  readonly #db: StatementSet;
  readonly #into: string;
  readonly #slotsOf: (row: number) => string;
  readonly #byRows: Prepared[] = [];

  /**
   * @param into the statement up to its values, such as `INSERT INTO pair`
   * @param slotsOf the places of a row's values, such as `?, ?`; rows count from 0
   */
  constructor(db: StatementSet, into: string, slotsOf: (row: number) => string) {
    this.#db = db;
    this.#into = into;
    this.#slotsOf = slotsOf;
    // Most that can be wrong with the text shows when the file is opened.
    this.#byRows[1] = this.#prepare(1);
  }

  /** Yields how many rows it inserted. */
  run(rows: number, values: readonly SQLQueryBindings[]): number {
    this.#byRows[rows] ??= this.#prepare(rows);
    return this.#byRows[rows].run(values).changes;
  }

  #prepare(rows: number): Prepared {
    const texts = Array.from({ length: rows }, (_, row) => `(${this.#slotsOf(row)})`);
    const statement: unknown = this.#db.prepare(`${this.#into} VALUES ${texts.join(", ")}`);
    return statement as Prepared;
  }
}
