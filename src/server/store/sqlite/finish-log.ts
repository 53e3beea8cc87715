import type { Statement } from "bun:sqlite";
import type { Lane } from "./lane-book.ts";
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
 * The order in which tasks finished, for pruning. Kept in memory until the transaction ends and then written, one row for
 * each lane.
 */
export class FinishLog {
  readonly #write: Statement<unknown, [number, number, number, Uint8Array]>;
  readonly #page: Statement<unknown, [number, number, number, number, number]>;
  readonly #shorten: Statement<unknown, [Uint8Array, number, number, number]>;
  readonly #erase: Statement<unknown, [number, number, number]>;
  #pending: { readonly lane: Lane; readonly atMs: number; readonly tasks: number[] }[] = [];

  constructor(db: StatementSet) {
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
  }

  /** To be called before the transaction is committed. */
  save(): void {
    for (const { lane, atMs, tasks } of this.#pending) this.#write.run(atMs, lane.id, tasks[0] ?? 0, bytesOf(tasks));
    this.#pending = [];
  }

  /** To be called when the transaction is undone. */
  forget(): void {
    this.#pending = [];
  }

  /** What finished at or before this time, oldest first, from behind a place on. */
  *oldest(untilMs: number, after: FinishPlace): Generator<FinishEntry> {
    this.save();
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
  // Copied, since a view needs an aligned start.
  return [...new Float64Array(Uint8Array.from(packed).buffer)];
}
