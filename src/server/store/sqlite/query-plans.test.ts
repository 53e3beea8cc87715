import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Sequence } from "../../queue/task-id.ts";
import { Claiming } from "./claiming.ts";
import { FinishLog } from "./finish-log.ts";
import { HeldLeases } from "./held-leases.ts";
import { IdempotencyKeys } from "./idempotency-keys.ts";
import { Inserting } from "./inserting.ts";
import { Journal } from "./journal.ts";
import { LaneBook } from "./lane-book.ts";
import { Leasing } from "./leasing.ts";
import { migrate } from "./migrations.ts";
import { Pruning } from "./pruning.ts";
import { ReadyHeads } from "./ready-heads.ts";
import { Requeueing } from "./requeueing.ts";
import { RowInserts } from "./row-inserts.ts";
import { StatementSet } from "./statement-set.ts";
import { TaskReader } from "./task-reader.ts";
import { TaskRows } from "./task-rows.ts";

class RecordedStatements extends StatementSet {
  readonly texts: string[] = [];

  override prepare<Row = unknown, Parameters extends SQLQueryBindings[] = []>(sql: string): Statement<Row, Parameters> {
    this.texts.push(sql);
    return super.prepare<Row, Parameters>(sql);
  }
}

/** Read once, when the file is opened; the journal is kept short. */
const READS_ALL = new Set([
  "SELECT * FROM lane ORDER BY id",
  "SELECT numbers, workers FROM journal ORDER BY id",
  "DELETE FROM journal",
]);

test("defect 43: no statement scans a table or sorts, whatever the number of tasks", () => {
  using db = new Database(":memory:", { strict: true });
  migrate(db);
  const statements = new RecordedStatements(db);
  const journal = new Journal(statements, 0);
  const lanes = new LaneBook(statements, journal, 10);
  const log = new FinishLog(statements, journal);
  const heads = new ReadyHeads(statements, journal, 0);
  const leases = new HeldLeases(statements, journal, 0);
  const tasks = new TaskRows(statements);
  const keys = new IdempotencyKeys(statements);
  const done = new RowInserts(statements, "done", { own: ["task", "result"], shared: ["lane", "state"] });
  const reader = new TaskReader(statements, { lanes, leases, tasks, keys, done, shard: 0 });
  const requeueing = new Requeueing(statements, { lanes, heads, positions: new Sequence(0), shard: 0 });
  const verbs = [
    new Inserting(statements, { lanes, reader, heads, tasks, keys }),
    new Claiming(statements, { lanes, heads, leases, reader, tasks, shard: 0 }),
    new Leasing(statements, { lanes, journal, leases, reader, requeueing, log, done, shard: 0 }),
    new Pruning(statements, lanes, log, keys),
  ];
  expect(verbs).toHaveLength(4);
  expect(statements.texts.length).toBeGreaterThan(25);
  for (const sql of statements.texts) {
    if (READS_ALL.has(sql)) continue;
    const plan = db
      .query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => row.detail);
    for (const detail of plan) {
      // Rows that are given are no table.
      if (/^SCAN \d+-ROW VALUES CLAUSE$/.test(detail)) continue;
      expect(`${sql}: ${detail}`).not.toMatch(/SCAN|TEMP B-TREE/);
    }
  }
});
