import type { Statement } from "bun:sqlite";
import { dirname } from "node:path";
import type { RetryRule } from "../../queue/lifecycle.ts";
import type {
  Accepted,
  ClaimRequest,
  Completion,
  Extension,
  Finished,
  InsertOutcome,
  LaneChoice,
  LaneStats,
  LeaseOutcome,
  NewTask,
  PruneRequest,
  ReadyCounts,
  Release,
  Released,
  StatsFilter,
  Sweep,
} from "../../queue/store.ts";
import type { Task, TaskKey } from "../../queue/task.ts";
import { Sequence } from "../../queue/task-id.ts";
import { Claiming } from "./claiming.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { FinishLog, type FinishPlace } from "./finish-log.ts";
import { HeldLeases } from "./held-leases.ts";
import { IdempotencyKeys } from "./idempotency-keys.ts";
import { Inserting } from "./inserting.ts";
import { Journal } from "./journal.ts";
import { LaneBook } from "./lane-book.ts";
import { Leasing } from "./leasing.ts";
import { type PruneStep, Pruning } from "./pruning.ts";
import { ReadyHeads } from "./ready-heads.ts";
import { Requeueing } from "./requeueing.ts";
import { type RowColumns, RowInserts } from "./row-inserts.ts";
import { closeShardFile, openErrorOf, openShardFile, type ShardFile, type ShardFileOptions } from "./shard-file.ts";
import { TaskReader } from "./task-reader.ts";
import { TaskRows } from "./task-rows.ts";

export interface ShardEngineOptions extends ShardFileOptions {
  readonly shard: number;
  /** Commands of all tenants that may have tasks: each takes memory. */
  readonly lanesMax: number;
}

/** What most rows of the table have. */
const DONE_COLUMNS: RowColumns = { own: ["task", "result"], shared: ["lane", "state", "attempts", "at"] };

/** What a row costs beside its payload. */
const ROW_BYTES = 200;
/** Of the memory for the cache of pages, once more for ready tasks without a row, for such leases, and for the journal. */
const UNSETTLED_SHARE = 1 / 8;

/**
 * One open shard file and all that is prepared for it. Everything here is synchronous; operations that write run between
 * `begin` and `commit`. Made anew when the file has to be reopened.
 */
export class ShardEngine {
  readonly #file: ShardFile;
  readonly #rows: readonly (TaskRows | RowInserts)[];
  readonly #journal: Journal;
  readonly #positions: Sequence;
  readonly #lanes: LaneBook;
  readonly #heads: ReadyHeads;
  readonly #leases: HeldLeases;
  readonly #reader: TaskReader;
  readonly #inserting: Inserting;
  readonly #claiming: Claiming;
  readonly #requeueing: Requeueing;
  readonly #log: FinishLog;
  readonly #leasing: Leasing;
  readonly #pruning: Pruning;
  readonly #reserve: DiskReserve;
  readonly #begin: Statement<unknown, []>;
  readonly #lastPosition: Statement<{ last_position: number }, []>;
  readonly #commit: Statement<unknown, []>;
  readonly #rollback: Statement<unknown, []>;
  #commits: number;
  /** The transaction changes something. */
  #counted = false;

  /** @throws StoreOpenError */
  constructor(options: ShardEngineOptions) {
    const { shard } = options;
    this.#file = openShardFile(options);
    try {
      const { statements } = this.#file;
      this.#commits = this.#file.commits;
      this.#positions = new Sequence(0);
      const journal = new Journal(statements, options.cacheBytes * UNSETTLED_SHARE);
      const lanes = new LaneBook(statements, journal, options.lanesMax);
      const heads = new ReadyHeads(statements, journal, options.cacheBytes * UNSETTLED_SHARE);
      const leases = new HeldLeases(statements, journal, options.cacheBytes * UNSETTLED_SHARE);
      const tasks = new TaskRows(statements);
      const done = new RowInserts(statements, "done", DONE_COLUMNS);
      const keys = new IdempotencyKeys(statements);
      const reader = new TaskReader(statements, { lanes, leases, tasks, keys, done, shard });
      const requeueing = new Requeueing(statements, { lanes, heads, positions: this.#positions, shard });
      this.#rows = [tasks, done];
      this.#journal = journal;
      this.#lanes = lanes;
      this.#heads = heads;
      this.#leases = leases;
      this.#reader = reader;
      this.#inserting = new Inserting(statements, { lanes, reader, heads, tasks, keys });
      this.#claiming = new Claiming(statements, { lanes, heads, leases, reader, tasks, shard });
      this.#requeueing = requeueing;
      this.#log = new FinishLog(statements, journal);
      this.#leasing = new Leasing(statements, {
        lanes,
        journal,
        leases,
        reader,
        requeueing,
        log: this.#log,
        done,
        shard,
      });
      this.#pruning = new Pruning(statements, this.#lanes, this.#log, keys);
      this.#reserve = new DiskReserve(dirname(options.path), options.diskReserveBytes, () => this.#reusableBytes());
      this.#begin = statements.prepare("BEGIN IMMEDIATE");
      this.#lastPosition = statements.prepare("SELECT last_position FROM shard");
      this.#commit = statements.prepare("COMMIT");
      this.#rollback = statements.prepare("ROLLBACK");
      this.#load();
    } catch (error) {
      // Nobody else would let the file go.
      closeShardFile(this.#file);
      throw openErrorOf(error, options.path);
    }
  }

  get lastSequence(): number {
    return this.#positions.last;
  }

  /** True when the shard holds no task in any state. */
  get empty(): boolean {
    return this.#lanes.empty;
  }

  /** Whether there is room for new tasks. */
  hasRoom(): boolean {
    return this.#reserve.hasRoom();
  }

  begin(): void {
    // The log may hold more of the disk than the tasks do; emptied, it gives that back.
    if (this.#reserve.takeBreach()) this.#file.db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#begin.run();
  }

  /** What is in memory and belongs to the transaction. */
  write(): void {
    for (const rows of this.#rows) rows.flush();
    this.#lanes.save();
    if (this.#journal.isLong) this.#shortenJournal();
    // A claim that found nothing leaves nothing to be counted.
    this.#counted = !this.#journal.isEmpty;
    if (this.#counted) this.#journal.write(this.#commits + 1, this.#positions.last);
  }

  commit(): void {
    this.#commit.run();
    if (!this.#counted) return;
    this.#commits += 1;
    this.#file.mark.raise(this.#commits);
  }

  rollback(): void {
    // SQLite may have rolled back already, as it does when the disk is full.
    if (this.#file.db.inTransaction) this.#rollback.run();
    for (const rows of this.#rows) rows.forget();
    this.#journal.forget();
    this.#load();
  }

  insert(items: readonly NewTask[], now: number): InsertOutcome[] {
    let bytes = 0;
    for (const item of items) {
      bytes += item.payload.length + ROW_BYTES;
      this.#positions.follow(item.key.sequence);
    }
    this.#reserve.spend(bytes);
    return this.#inserting.insert(items, now);
  }

  claim(requests: readonly ClaimRequest[], now: number): Task[][] {
    return requests.map((request) => this.#claiming.claim(request, now));
  }

  /** Whether there is something for any of the requests. */
  hasReady(requests: readonly ClaimRequest[]): boolean {
    return requests.some((request) => this.#lanes.plan(request, 1, request.rotation).length > 0);
  }

  extend(items: readonly Extension[], now: number): LeaseOutcome<Accepted>[] {
    return items.map((item) => this.#leasing.extend(item, now));
  }

  complete(items: readonly Completion[], now: number): LeaseOutcome<Finished>[] {
    return this.#leasing.complete(items, now);
  }

  release(items: readonly Release[], rule: RetryRule, now: number): LeaseOutcome<Released>[] {
    return items.map((item) => this.#leasing.release(item, rule, now));
  }

  expire(limit: number, rule: RetryRule, now: number): Sweep {
    return this.#leasing.expire(limit, rule, now);
  }

  promote(limit: number, now: number): Sweep {
    return this.#requeueing.promote(limit, now);
  }

  prune(request: PruneRequest, after: FinishPlace): PruneStep {
    for (const rows of this.#rows) rows.flush();
    return this.#pruning.prune(request, after);
  }

  peek(request: LaneChoice): ReadyCounts {
    return this.#lanes.readyCounts(request);
  }

  get(tenant: string, key: TaskKey): Task | undefined {
    return this.#reader.get(tenant, key);
  }

  holder(tenant: string, idempotencyKey: string): Task | undefined {
    return this.#reader.holder(tenant, idempotencyKey);
  }

  stats(filter: StatsFilter): LaneStats[] {
    return this.#lanes.stats(filter);
  }

  /** What the data directory remembers under a name. */
  setting(name: string): string | undefined {
    const query = this.#file.db.query<{ value: string }, [string]>("SELECT value FROM setting WHERE name = ?");
    return query.get(name)?.value;
  }

  remember(name: string, value: string): void {
    this.begin();
    this.#file.db.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", [name, value]);
    this.#journal.count();
    this.write();
    this.commit();
  }

  /** Ends the use of the file in good order. */
  close(): void {
    closeShardFile(this.#file);
  }

  /** What is in memory, as it was committed last. */
  #load(): void {
    const unsettled = this.#journal.replay();
    this.#positions.rewind(unsettled.lastPosition ?? this.#lastPosition.get()?.last_position ?? 0);
    this.#lanes.load(unsettled);
    this.#heads.load(unsettled);
    this.#leases.load(unsettled, this.#lanes);
    this.#log.load(unsettled, this.#lanes);
  }

  /** What is over leaves the journal; what is not is written into it again, or into a table. */
  #shortenJournal(): void {
    this.#log.settle();
    this.#lanes.settle();
    this.#journal.begin();
    this.#heads.record();
    this.#leases.record();
  }

  #reusableBytes(): number {
    const { db } = this.#file;
    const pages = db.query<{ freelist_count: number }, []>("PRAGMA freelist_count").get()?.freelist_count ?? 0;
    const size = db.query<{ page_size: number }, []>("PRAGMA page_size").get()?.page_size ?? 0;
    return pages * size;
  }
}
