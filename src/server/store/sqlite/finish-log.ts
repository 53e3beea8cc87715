import type { Statement } from "bun:sqlite";
import { doublesOf } from "./doubles.ts";
import type { Journal, Unsettled } from "./journal.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";

/** Where an entry is in the order in which tasks finished. */
export interface FinishPlace {
  readonly atMs: number;
  readonly laneId: number;
  readonly firstTask: number;
}

/** Tasks of one lane that finished together. */
export interface FinishEntry extends FinishPlace {
  /** The tasks as they are stored, for `tasksOf`: most entries are only passed over. */
  readonly packed: Uint8Array;
}

/** Before every entry. */
export const FINISH_START: FinishPlace = { atMs: -1, laneId: -1, firstTask: -1 };

type EntryRow = readonly [at: number, lane: number, firstTask: number, tasks: Uint8Array];

const PAGE_ENTRIES = 64;

/**
 * The order in which tasks finished, for pruning: one row for those of a lane that finished in one commit. They are in
 * memory and in the journal until somebody reads them or the journal is begun anew.
 */
export class FinishLog {
  readonly #journal: Journal;
  readonly #write: Statement<unknown, [number, number, number, Uint8Array]>;
  readonly #page: Statement<unknown, [number, number, number, number, number]>;
  readonly #shorten: Statement<unknown, [Uint8Array, number, number, number]>;
  readonly #erase: Statement<unknown, [number, number, number]>;
  #pending: { readonly lane: Lane; readonly atMs: number; readonly tasks: number[] }[] = [];

  constructor(db: StatementSet, journal: Journal) {
    this.#journal = journal;
    this.#write = db.prepare("INSERT INTO finished VALUES (?, ?, ?, ?)");
    this.#page = db.prepare(
      `SELECT at, lane, first_task, tasks FROM finished
       WHERE (at, lane, first_task) > (?, ?, ?) AND at <= ? ORDER BY at, lane, first_task LIMIT ?`,
    );
    this.#shorten = db.prepare("UPDATE finished SET tasks = ? WHERE at = ? AND lane = ? AND first_task = ?");
    this.#erase = db.prepare("DELETE FROM finished WHERE at = ? AND lane = ? AND first_task = ?");
  }

  add(lane: Lane, task: number, atMs: number): void {
    const last = this.#pending.at(-1);
    if (last?.lane === lane && last.atMs === atMs) last.tasks.push(task);
    else this.#pending.push({ lane, atMs, tasks: [task] });
    this.#journal.finished(lane, atMs, task);
  }

  /** Puts what is in memory into the table. */
  settle(): void {
    if (this.#pending.length === 0) return;
    for (const { lane, atMs, tasks } of this.#pending) this.#write.run(atMs, lane.id, tasks[0] ?? 0, bytesOf(tasks));
    this.#pending = [];
    this.#journal.logged();
  }

  /** As the journal has it. */
  load({ finished }: Unsettled, lanes: LaneBook): void {
    this.#pending = finished.map(({ laneId, atMs, tasks }) => ({ lane: lanes.byId(laneId), atMs, tasks }));
  }

  /** What finished at or before this time, oldest first, from behind a place on. */
  *oldest(untilMs: number, after: FinishPlace): Generator<FinishEntry> {
    this.settle();
    let { atMs: at, laneId: lane, firstTask: first } = after;
    for (;;) {
      // Rows come as arrays, in the order of the columns asked for.
      const rows = this.#page.values(at, lane, first, untilMs, PAGE_ENTRIES) as unknown as EntryRow[];
      for (const row of rows) {
        [at, lane, first] = row;
        yield { atMs: at, laneId: lane, firstTask: first, packed: row[3] };
      }
      if (rows.length < PAGE_ENTRIES) return;
    }
  }

  /** Leaves the entry with the tasks from this index on, or takes it away with the last one. */
  drop({ atMs, laneId, firstTask }: FinishPlace, tasks: readonly number[], count: number): void {
    if (count >= tasks.length) this.#erase.run(atMs, laneId, firstTask);
    else this.#shorten.run(bytesOf(tasks.slice(count)), atMs, laneId, firstTask);
  }
}

function bytesOf(tasks: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(tasks).buffer);
}

export function tasksOf({ packed }: FinishEntry): number[] {
  return [...doublesOf(packed)];
}
