import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";

/**
 * Prepares statements and remembers them: SQLite holds on to a closed file, and its lock, for as long as one of its
 * statements lives.
 */
export class StatementSet {
  readonly #db: Database;
  readonly #statements: Statement<unknown, SQLQueryBindings[]>[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  prepare<Row = unknown, Parameters extends SQLQueryBindings[] = []>(sql: string): Statement<Row, Parameters> {
    const statement = this.#db.prepare<unknown, SQLQueryBindings[]>(sql);
    this.#statements.push(statement);
    // The caller knows what the text yields and takes; nothing else can.
    return statement as unknown as Statement<Row, Parameters>;
  }

  finalize(): void {
    for (const statement of this.#statements) statement.finalize();
    this.#statements.length = 0;
  }
}
