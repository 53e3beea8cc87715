import { Database, SQLiteError } from "bun:sqlite";
import type { Durability } from "../durability.ts";
import { StoreOpenError } from "../open-error.ts";
import { CommitMark, checkCommits } from "./commit-mark.ts";
import { migrate, SCHEMA_VERSION, schemaVersionOf } from "./migrations.ts";
import { StatementSet } from "./statement-set.ts";

/** "cdeq": tells our files from other SQLite files. */
const APPLICATION_ID = 0x6364_6571;
/** A commit writes each page it touched: larger ones cost small groups more than they save large ones. */
const PAGE_BYTES = 4096;
/** Fewer, larger checkpoints write a page that many commits touched once. */
const CHECKPOINT_PAGES_MAX = 4000;
const CHECKPOINT_PAGES_MIN = 100;
/** Earlier versions can lose a commit when the log is reset under a reader. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

export interface ShardFileOptions {
  readonly path: string;
  readonly durability: Durability;
  readonly cacheBytes: number;
  /** Space on the disk that new tasks may not use; 0 for none. */
  readonly diskReserveBytes: number;
  readonly acceptDataLoss: boolean;
  readonly onWarning: (message: string) => void;
}

export interface ShardFile {
  /** For what is asked now and then, through `query`. */
  readonly db: Database;
  /** For what is asked again and again. */
  readonly statements: StatementSet;
  readonly mark: CommitMark;
}

/**
 * Opens a shard file for this process alone, makes it if it is missing and brings its schema up to date.
 * @throws StoreOpenError
 */
export function openShardFile(options: ShardFileOptions): ShardFile {
  const { path, durability } = options;
  const markPath = `${path}.mark`;
  let db: Database | undefined;
  try {
    db = new Database(path, { create: true, readwrite: true, strict: true });
    configure(db, options);
    checkIdentity(db, path);
    migrate(db);
    const commits = db.query<{ commits: number }, []>("SELECT commits FROM shard").get()?.commits ?? 0;
    const warning = options.acceptDataLoss ? undefined : checkCommits(path, markPath, commits);
    if (warning !== undefined) options.onWarning(warning);
    const mark = new CommitMark(markPath, durability);
    mark.raise(commits);
    return { db, statements: new StatementSet(db), mark };
  } catch (error) {
    db?.close();
    throw error instanceof StoreOpenError ? error : openErrorOf(error, path);
  }
}

/** Puts everything into the main file and closes it; the log disappears. */
export function closeShardFile(file: ShardFile): void {
  try {
    file.statements.finalize();
    file.db.close(true);
  } finally {
    file.mark.close();
  }
}

function configure(db: Database, options: ShardFileOptions): void {
  db.run("PRAGMA busy_timeout = 0");
  db.run(`PRAGMA page_size = ${PAGE_BYTES}`);
  // Taken with the first access below and held until the process ends, however it ends.
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  db.run("PRAGMA journal_mode = WAL");
  db.run(`PRAGMA synchronous = ${options.durability.toUpperCase()}`);
  db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages(options.diskReserveBytes)}`);
  db.run(`PRAGMA cache_size = -${Math.ceil(options.cacheBytes / 1024)}`);
  db.run("PRAGMA temp_store = MEMORY");
}

/** What is kept free must hold the log, and the main file as it grows by it, with room to spare. */
function checkpointPages(diskReserveBytes: number): number {
  if (diskReserveBytes === 0) return CHECKPOINT_PAGES_MAX;
  const pages = Math.floor(diskReserveBytes / 4 / PAGE_BYTES);
  return Math.min(Math.max(pages, CHECKPOINT_PAGES_MIN), CHECKPOINT_PAGES_MAX);
}

function checkIdentity(db: Database, path: string): void {
  const version = db.query<{ version: string }, []>("SELECT sqlite_version() AS version").get()?.version ?? "";
  if (isOlder(version.split(".").map(Number), SQLITE_VERSION_MIN)) {
    throw new StoreOpenError("inaccessible", `SQLite ${version} is too old, ${SQLITE_VERSION_MIN.join(".")} is needed`);
  }
  const schemaVersion = schemaVersionOf(db);
  if (schemaVersion > SCHEMA_VERSION) {
    throw new StoreOpenError(
      "newer",
      `${path} has schema version ${schemaVersion}, this codeq knows versions up to ${SCHEMA_VERSION}: use a newer codeq`,
    );
  }
  const identity = db.query<{ application_id: number }, []>("PRAGMA application_id").get()?.application_id;
  const tables = db.query<{ tables: number }, []>("SELECT count(*) AS tables FROM sqlite_schema").get()?.tables;
  if (identity !== APPLICATION_ID && tables !== 0) {
    throw new StoreOpenError("damaged", `${path} is an SQLite file, but not one of codeq's`);
  }
  if (identity !== APPLICATION_ID) db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, part] of than.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}

function openErrorOf(error: unknown, path: string): StoreOpenError {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StoreOpenError("locked", `${path} is in use by another codeq server`, { cause: error });
  }
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) {
    return new StoreOpenError("damaged", `${path} is damaged: ${reason}. Restore it from a backup`, { cause: error });
  }
  return new StoreOpenError("inaccessible", `cannot open ${path}: ${reason}`, { cause: error });
}
