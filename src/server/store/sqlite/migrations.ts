import type { Database } from "bun:sqlite";

/**
 * The schema of a shard file, as numbered steps. Append only: a released step never changes.
 *
 * The shape follows from four measured facts. Rows keyed by an ascending integer insert seven times faster than by a
 * random key, so a task's sequence number is its row number. Rewriting a row rewrites its payload, so `task` never
 * changes and the state lives in narrow tables: a task is in exactly one of ready, delayed, lease and done, or the journal
 * says that it is ready or leased. A claim must not wade through delayed tasks, so those wait elsewhere. And counting rows
 * is linear, so each lane keeps its counts.
 */
const MIGRATIONS: readonly string[] = [
  `
  -- One row: what holds for the file as a whole. commits and last_position change with every commit.
  CREATE TABLE shard (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    commits INTEGER NOT NULL,
    last_position INTEGER NOT NULL
  ) STRICT;
  INSERT INTO shard VALUES (1, 0, 0);

  -- What the data directory remembers, in shard 0 alone.
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- One command of one tenant, with how many tasks it has in each state.
  CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    command TEXT NOT NULL,
    ready0 INTEGER NOT NULL, ready1 INTEGER NOT NULL, ready2 INTEGER NOT NULL, ready3 INTEGER NOT NULL,
    ready4 INTEGER NOT NULL, ready5 INTEGER NOT NULL, ready6 INTEGER NOT NULL, ready7 INTEGER NOT NULL,
    ready8 INTEGER NOT NULL, ready9 INTEGER NOT NULL,
    delayed INTEGER NOT NULL, leased INTEGER NOT NULL,
    completed INTEGER NOT NULL, failed INTEGER NOT NULL, dead INTEGER NOT NULL
  ) STRICT;

  -- What never changes. command is NULL where it is spelled as the lane is.
  CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    command TEXT,
    payload TEXT NOT NULL,
    webhook TEXT,
    idempotency_key TEXT
  ) STRICT;

  CREATE TABLE ready (
    lane INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    position INTEGER NOT NULL,
    task INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (lane, priority, position, task)
  ) STRICT, WITHOUT ROWID;

  -- Where a ready task is whose position is no longer its id.
  CREATE TABLE requeued (task INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;

  CREATE TABLE delayed (
    task INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX delayed_by_due ON delayed (due, task);

  CREATE TABLE lease (
    task INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    since INTEGER NOT NULL,
    worker TEXT NOT NULL
  ) STRICT;
  CREATE INDEX lease_by_end ON lease (ends, task);

  -- state: 0 completed, 1 failed, 2 dead
  CREATE TABLE done (
    task INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL,
    result TEXT,
    error TEXT
  ) STRICT;

  -- What finished when, for pruning: the tasks of one lane that finished in one commit, as 64-bit floats. Far cheaper
  -- than an index on done, which would be written for each task.
  CREATE TABLE finished (
    at INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    first_task INTEGER NOT NULL,
    tasks BLOB NOT NULL,
    PRIMARY KEY (at, lane, first_task)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;
  `,
  // traceparent, and behind a space tracestate if there is one. One column: it is read with every task, and mostly NULL.
  "ALTER TABLE task ADD COLUMN trace TEXT",
  // Rows of lane, ready, lease and finished may be behind, and that of shard is from before; journal.ts says how.
  "CREATE TABLE journal (id INTEGER PRIMARY KEY, numbers BLOB NOT NULL, workers TEXT NOT NULL) STRICT",
];

/** The schema this build reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
/** From here on each commit leaves a row in the journal. */
export const SCHEMA_WITH_JOURNAL = 3;

export function schemaVersionOf(db: Database): number {
  const row = db.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}

/** Brings an older file up to date, step by step, each in a transaction of its own. */
export function migrate(db: Database): void {
  for (let version = schemaVersionOf(db); version < SCHEMA_VERSION; version += 1) {
    db.transaction(() => {
      db.run(MIGRATIONS[version] ?? "");
      db.run(`PRAGMA user_version = ${version + 1}`);
    }).immediate();
  }
}
