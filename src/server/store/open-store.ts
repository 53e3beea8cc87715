import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../queue/store.ts";
import type { TaskIdSeed } from "../queue/task-id.ts";
import type { Durability } from "./durability.ts";
import { StoreOpenError } from "./open-error.ts";
import { ShardedStore } from "./sharded-store.ts";
import { SqliteStore } from "./sqlite/sqlite-store.ts";

export interface OpenStoreOptions {
  /** Made if missing, readable to its owner alone. */
  readonly dataDir: string;
  /** 1 to 64, well within the two hex digits an id has for it. May differ from the last time: shards beyond it stay open until they are empty. */
  readonly shards: number;
  readonly durability: Durability;
  /** Page cache, all shards together. */
  readonly cacheBytes: number;
  /** New tasks are refused when less than this is free on the disk; 0 turns that off. */
  readonly diskReserveBytes: number;
  /** Commands of all tenants that may have tasks, in each shard: each takes memory. A tenant must leave as many free as it has. */
  readonly lanesMax: number;
  /** Go on although a file lacks acknowledged changes. */
  readonly acceptDataLoss: boolean;
  /** Told after each commit: which shard, how many operations it carried, and how long it took. */
  readonly onCommit: (shard: number, operations: number, seconds: number) => void;
  readonly onEvent: (level: "info" | "warn" | "error", message: string) => void;
  /** For a new data directory: makes its ids its own. */
  readonly freshSeed: TaskIdSeed;
  /** Milliseconds from anywhere, for measuring alone. */
  readonly clock: () => number;
}

const SHARD_COUNTS = "shard-counts";
const SHARD_FILE = /^shard-(\d\d)\.sqlite$/;
const CACHE_BYTES_MIN = 2 ** 20;
/** What those who are neither owner nor of the group may do with a file. */
const OTHERS = 0o007;

/**
 * Opens a data directory for this process alone.
 * @throws StoreOpenError
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { dataDir, shards: shardCount } = options;
  prepareDirectory(options);
  const present = shardNumbers(dataDir);
  const last = Math.max(shardCount - 1, ...present);
  const missing = present.findIndex((number, index) => number !== index);
  if (missing !== -1) {
    throw new StoreOpenError("damaged", `${join(dataDir, fileOf(missing))} is missing, but later shards are there`);
  }
  const opened: SqliteStore[] = [];
  const onDiskFull = diskWatch(options);
  try {
    // Shard 0 first: it is the lock of the whole directory.
    for (let shard = 0; shard <= last; shard += 1) opened.push(openShard(shard, options, onDiskFull));
    await dropEmptied(opened, options);
    return combine(opened, shardCount);
  } catch (error) {
    await Promise.all(opened.map((store) => store.close()));
    throw error;
  }
}

/** Shards beyond the number asked for go once their last task is gone. */
async function dropEmptied(opened: SqliteStore[], { dataDir, shards: shardCount }: OpenStoreOptions): Promise<void> {
  for (let last = opened.at(-1); last?.empty === true && opened.length > shardCount; last = opened.at(-1)) {
    opened.pop();
    // From the end, one at a time, so that no gap remains if the process dies here.
    await last.close();
    const path = join(dataDir, fileOf(opened.length));
    // The mark first: should the process die in between, an empty shard without one is opened, a mark alone is a loss.
    rmSync(`${path}.mark`, { force: true });
    rmSync(path);
  }
}

function combine(opened: readonly SqliteStore[], shardCount: number): Store {
  const [first] = opened;
  const counts = (first?.setting(SHARD_COUNTS)?.split(" ") ?? []).map(Number);
  if (!counts.includes(shardCount)) first?.remember(SHARD_COUNTS, [...counts, shardCount].join(" "));
  const [only, ...others] = opened;
  if (only !== undefined && others.length === 0 && counts.every((count) => count === 1)) return only;
  return new ShardedStore({ shards: opened, formerShardCounts: counts, shardCount });
}

/** The shards share the disk, so what they say of it is told once. */
function diskWatch({ dataDir, onEvent }: OpenStoreOptions): (shard: number, full: boolean) => void {
  const concerned = new Set<number>();
  return (shard, full) => {
    const before = concerned.size;
    if (full) concerned.add(shard);
    else concerned.delete(shard);
    if (before === 0 && concerned.size > 0) {
      onEvent(
        "warn",
        `the disk of ${dataDir} is full: new tasks are refused until there is room, claims and results go on`,
      );
    } else if (before > 0 && concerned.size === 0) {
      onEvent("info", `the disk of ${dataDir} has room again: new tasks are taken`);
    }
  };
}

function openShard(
  shard: number,
  options: OpenStoreOptions,
  onDiskFull: (shard: number, full: boolean) => void,
): SqliteStore {
  const {
    shards: shardCount,
    durability,
    diskReserveBytes,
    lanesMax,
    acceptDataLoss,
    freshSeed,
    clock,
    onCommit,
    onEvent,
  } = options;
  return new SqliteStore({
    path: join(options.dataDir, fileOf(shard)),
    shard,
    durability,
    cacheBytes: Math.max(CACHE_BYTES_MIN, Math.floor(options.cacheBytes / shardCount)),
    diskReserveBytes,
    lanesMax,
    acceptDataLoss,
    freshSeed,
    clock,
    onCommit: (operations, elapsedMs) => onCommit(shard, operations, elapsedMs / 1000),
    onFault: (reason) => onEvent("error", `shard ${shard} is out of order: ${reason}`),
    onDiskFull: (full) => onDiskFull(shard, full),
    onWarning: (message) => onEvent("warn", message),
  });
}

function fileOf(shard: number): string {
  return `shard-${String(shard).padStart(2, "0")}.sqlite`;
}

function shardNumbers(dataDir: string): number[] {
  return readdirSync(dataDir)
    .sort()
    .flatMap((name) => {
      const number = SHARD_FILE.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
}

function prepareDirectory({ dataDir, onEvent }: OpenStoreOptions): void {
  try {
    const fresh = !existsSync(dataDir);
    if (!fresh && !statSync(dataDir).isDirectory()) throw new Error("it is not a directory");
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (fresh) chmodSync(dataDir, 0o700);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    readdirSync(dataDir);
    const mode = statSync(dataDir).mode & 0o777;
    if ((mode & OTHERS) !== 0) {
      const open = `open to everybody on this machine (mode ${mode.toString(8)})`;
      onEvent("warn", `the data directory ${dataDir} is ${open}: chmod 700 it`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreOpenError("inaccessible", `cannot use the data directory ${dataDir}: ${reason}`, { cause: error });
  }
}
