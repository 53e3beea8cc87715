import { Database } from "bun:sqlite";
import { existsSync, rmSync, statSync } from "node:fs";
import { StoreOpenError } from "../open-error.ts";
import { checkCommits } from "./commit-mark.ts";
import { SCHEMA_VERSION, SCHEMA_WITH_JOURNAL, schemaVersionOf } from "./migrations.ts";

/** "cdeq": tells our files from other SQLite files. */
export const APPLICATION_ID = 0x6364_6571;
/** Earlier versions can lose a commit when the log is reset under a reader. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

/** A shard's files, and how much may be missing from them. */
export interface CheckedFiles {
  readonly path: string;
  /** Of what counts the commits it must have. */
  readonly markPath: string;
  readonly acceptDataLoss: boolean;
}

export interface CheckedShard {
  readonly commits: number;
  /** What is missing although nothing stands against going on. */
  readonly warning: string | undefined;
}

/**
 * Looks at files whose log holds something, and changes none of them. A connection that may write would put the sound
 * part of a damaged log into the main file when it is closed and delete the log, and with it what could be saved.
 * @throws StoreOpenError, and whatever SQLite throws
 */
export function lookBeforeOpening(files: CheckedFiles): void {
  const { path, markPath, acceptDataLoss } = files;
  if (sizeOf(`${path}-wal`) === 0) return;
  if (sizeOf(path) === 0) {
    // SQLite deletes the log of an empty file at once.
    checkCommits({ file: path, markPath, commits: 0, acceptDataLoss });
    return;
  }
  const index = `${path}-shm`;
  const isOurs = !existsSync(index);
  const db = new Database(path, { readonly: true, strict: true });
  try {
    checkShard(db, files);
  } finally {
    db.close();
    if (isOurs) rmSync(index, { force: true });
  }
}

/** @throws StoreOpenError for what is not ours, is too new or lacks acknowledged commits */
export function checkShard(db: Database, files: CheckedFiles): CheckedShard {
  const { path: file, markPath, acceptDataLoss } = files;
  db.run("PRAGMA busy_timeout = 0");
  checkLibrary(db);
  const schemaVersion = schemaVersionOf(db);
  if (schemaVersion > SCHEMA_VERSION) {
    throw new StoreOpenError(
      "newer",
      `${file} has schema version ${schemaVersion}, this codeq knows versions up to ${SCHEMA_VERSION}: use a newer codeq`,
    );
  }
  const identity = db.query<{ application_id: number }, []>("PRAGMA application_id").get()?.application_id;
  const tables = db.query<{ tables: number }, []>("SELECT count(*) AS tables FROM sqlite_schema").get()?.tables;
  if (identity !== APPLICATION_ID && tables !== 0) {
    throw new StoreOpenError("damaged", `${file} is an SQLite file, but not one of codeq's`);
  }
  const commits = commitsOf(db, schemaVersion);
  return { commits, warning: checkCommits({ file, markPath, commits, acceptDataLoss }) };
}

/** How many commits a file has. */
function commitsOf(db: Database, schemaVersion: number): number {
  if (schemaVersion === 0) return 0;
  const counted = db.query<{ commits: number }, []>("SELECT commits FROM shard").get()?.commits ?? 0;
  if (schemaVersion < SCHEMA_WITH_JOURNAL) return counted;
  return db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM journal").get()?.id ?? counted;
}

function checkLibrary(db: Database): void {
  const version = db.query<{ version: string }, []>("SELECT sqlite_version() AS version").get()?.version ?? "";
  if (isOlder(version.split(".").map(Number), SQLITE_VERSION_MIN)) {
    throw new StoreOpenError("inaccessible", `SQLite ${version} is too old, ${SQLITE_VERSION_MIN.join(".")} is needed`);
  }
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, part] of than.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
