import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, openSync } from "node:fs";
import { CodeqError } from "../../queue/errors.ts";
import type { Durability } from "../durability.ts";
import { StoreOpenError } from "../open-error.ts";
import { CommitMark } from "./commit-mark.ts";
import { migrate, schemaVersionOf } from "./migrations.ts";
import { APPLICATION_ID, checkShard, lookBeforeOpening } from "./shard-check.ts";
import { StatementSet } from "./statement-set.ts";

/** A commit writes each page it touched: larger ones cost small groups more than they save large ones. */
const PAGE_BYTES = 4096;
/** Fewer, larger checkpoints write a page that many commits touched once. */
const CHECKPOINT_PAGES_MAX = 4000;
const CHECKPOINT_PAGES_MIN = 100;

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
  /** So many it had when it was opened. */
  readonly commits: number;
}

/**
 * Opens a shard file for this process alone, makes it if it is missing and brings its schema up to date.
 * @throws StoreOpenError
 */
export function openShardFile(options: ShardFileOptions): ShardFile {
  const { path, durability } = options;
  const markPath = `${path}.mark`;
  const files = { path, markPath, acceptDataLoss: options.acceptDataLoss };
  let db: Database | undefined;
  try {
    lookBeforeOpening(files);
    // SQLite would let everybody read it; its log takes over what the file has. Never done to a file that is there:
    // closing it would give up the locks this process may hold on it.
    if (!existsSync(path)) closeSync(openSync(path, "wx", 0o600));
    db = new Database(path, { readwrite: true, strict: true });
    configure(db, options);
    const { commits, warning } = checkShard(db, files);
    if (schemaVersionOf(db) === 0) db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    migrate(db);
    if (warning !== undefined) options.onWarning(warning);
    const mark = new CommitMark(markPath, durability);
    mark.raise(commits);
    return { db, statements: new StatementSet(db), mark, commits };
  } catch (error) {
    db?.close();
    throw openErrorOf(error, path);
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

/** Words what kept a file from being opened. */
export function openErrorOf(error: unknown, path: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StoreOpenError("locked", `${path} is in use by another codeq server`, { cause: error });
  }
  // What it says of itself does not hold.
  const contradicts = error instanceof CodeqError;
  if (contradicts || code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) {
    return new StoreOpenError("damaged", `${path} is damaged: ${reason}. Restore it from a backup`, { cause: error });
  }
  return new StoreOpenError("inaccessible", `cannot open ${path}: ${reason}`, { cause: error });
}
