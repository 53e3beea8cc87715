import type { Statement } from "bun:sqlite";
import { assert } from "../../queue/errors.ts";
import { doublesOf } from "./doubles.ts";
import type { Lease } from "./held-leases.ts";
import { countsOf, LANE_COUNTS, type Lane, type Place, placeOf } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";

/** What the journal knows and no other table does. */
export interface Unsettled {
  /** The highest position handed out; undefined while there is no commit here. */
  lastPosition: number | undefined;
  /** Counts of a lane by its id, as `countsOf` has them. */
  readonly counts: Map<number, readonly number[]>;
  /** Ready tasks without a row, by place, in order. */
  readonly ready: Map<Place, number[]>;
  readonly leases: Map<number, UnsettledLease>;
  finished: UnsettledFinish[];
}

export type UnsettledLease = Omit<Lease, "lane" | "priority"> & { readonly place: Place };

export interface UnsettledFinish {
  readonly laneId: number;
  readonly atMs: number;
  readonly tasks: number[];
}

/** It is begun anew when it has grown by so much: an opening has to read it, and a rollback. */
const GROWTH_BYTES_MAX = 2 ** 19;

/** Kinds of record. Each is followed by what the method of that name writes. */
const COUNTS = 0;
const CREATED = 1;
const TAKEN = 2;
const SETTLED = 3;
const LEASED = 4;
const ENDED = 5;
const FINISHED = 6;
const LOGGED = 7;

type Row = readonly [numbers: Uint8Array, workers: string];

/**
 * One row for each commit: what it did to states of tasks that do not have to be looked up in a table, since they are in
 * memory. Most tasks are created, claimed and done within a second; a row in each table for every state they pass through
 * would be written for nothing. What stays longer in the journal than it may be long is written into it once more, or into
 * its table; the row of the newest commit is always there, and its id counts the commits.
 *
 * Rows are 64-bit floats: the last position, then records; names of workers are a JSON array beside them.
 */
export class Journal {
  readonly #insert: Statement<unknown, [number, Uint8Array, string]>;
  readonly #read: Statement<unknown, []>;
  readonly #erase: Statement<unknown, []>;
  readonly #growthMax: number;
  #numbers = new Float64Array(1024);
  /** The first is for the last position. */
  #length = 1;
  #workers: string[] = [];
  /** Where the record that is being written has its count; 0 when the next task needs a record of its own. */
  #count = 0;
  #kind = COUNTS;
  /** What the record that is being written is about. */
  #subject: number | Lease = 0;
  #atMs = 0;
  #isCounted = false;
  /** Numbers since it was begun anew. */
  #added = 0;
  #begun = true;

  /** @param bytesMax what reading it may take of memory, about */
  constructor(db: StatementSet, bytesMax: number) {
    this.#growthMax = Math.min(bytesMax, GROWTH_BYTES_MAX) / Float64Array.BYTES_PER_ELEMENT;
    this.#insert = db.prepare("INSERT INTO journal VALUES (?, ?, ?)");
    this.#read = db.prepare("SELECT numbers, workers FROM journal ORDER BY id");
    this.#erase = db.prepare("DELETE FROM journal");
  }

  counts(lane: Lane): void {
    this.#record(COUNTS, lane.id);
    for (const count of countsOf(lane)) this.#push(count);
  }

  /** A task has become ready, behind all others at its place. */
  created(place: Place, task: number): void {
    if (this.#kind !== CREATED || this.#subject !== place || this.#count === 0) {
      this.#record(CREATED, place);
      this.#list(place);
    }
    this.#append(task);
  }

  /** The first tasks without a row were claimed. */
  taken(place: Place, count: number): void {
    this.#record(TAKEN, place);
    this.#push(count);
  }

  /** All ready tasks of a place have rows now. */
  settled(place: Place): void {
    this.#record(SETTLED, place);
  }

  /** Also for a lease that moves. */
  leased(task: number, lease: Lease): void {
    if (this.#kind !== LEASED || this.#subject !== lease || this.#count === 0) {
      this.#record(LEASED, placeOf(lease.lane, lease.priority));
      this.#push(lease.attempts);
      this.#push(lease.ends);
      this.#push(lease.since);
      if (this.#workers.at(-1) !== lease.worker) this.#workers.push(lease.worker);
      this.#push(this.#workers.length - 1);
      this.#list(lease);
    }
    this.#append(task);
  }

  /** The lease is over, or has a row now. */
  ended(task: number): void {
    if (this.#kind !== ENDED || this.#count === 0) {
      this.#record(ENDED);
      this.#list(0);
    }
    this.#append(task);
  }

  /** Ends the lease as well. */
  finished(lane: Lane, atMs: number, task: number): void {
    if (this.#kind !== FINISHED || this.#subject !== lane.id || this.#atMs !== atMs || this.#count === 0) {
      this.#record(FINISHED, lane.id);
      this.#push(atMs);
      this.#list(lane.id);
      this.#atMs = atMs;
    }
    this.#append(task);
  }

  /** What has finished is in its table now. */
  logged(): void {
    this.#record(LOGGED);
  }

  /** Something was changed that is in a table. */
  count(): void {
    this.#isCounted = true;
  }

  /** Nothing was changed in this transaction. */
  get isEmpty(): boolean {
    return this.#length === 1 && !this.#isCounted && !this.#begun;
  }

  get isLong(): boolean {
    return this.#added + this.#length > this.#growthMax;
  }

  /** Forgets everything, this transaction's records included: what is unsettled has to be recorded again. */
  begin(): void {
    this.#erase.run();
    this.forget();
    this.#begun = true;
  }

  /** @param commit its number */
  write(commit: number, lastPosition: number): void {
    this.#numbers[0] = lastPosition;
    const bytes = new Uint8Array(this.#numbers.buffer, 0, this.#length * Float64Array.BYTES_PER_ELEMENT);
    this.#insert.run(commit, bytes, this.#workers.length === 0 ? "[]" : JSON.stringify(this.#workers));
    this.#added = this.#begun ? 0 : this.#added + this.#length;
    this.#begun = false;
    this.forget();
  }

  /** To be called when the transaction is undone. */
  forget(): void {
    this.#length = 1;
    this.#workers = [];
    this.#count = 0;
    this.#isCounted = false;
  }

  replay(): Unsettled {
    const unsettled: Unsettled = {
      lastPosition: undefined,
      counts: new Map(),
      ready: new Map(),
      leases: new Map(),
      finished: [],
    };
    this.#begun = true;
    // Rows come as arrays, in the order of the columns asked for.
    for (const [bytes, workers] of this.#read.values() as unknown as Row[]) {
      const numbers = doublesOf(bytes);
      replayRow(unsettled, numbers, JSON.parse(workers) as string[]);
      this.#added = this.#begun ? 0 : this.#added + numbers.length;
      this.#begun = false;
    }
    return unsettled;
  }

  #record(kind: number, subject?: number): void {
    this.#kind = kind;
    this.#count = 0;
    this.#push(kind);
    if (subject !== undefined) this.#push(subject);
  }

  /** Tasks follow. */
  #list(subject: number | Lease): void {
    this.#subject = subject;
    this.#count = this.#length;
    this.#push(0);
  }

  #append(task: number): void {
    this.#numbers[this.#count] = (this.#numbers[this.#count] ?? 0) + 1;
    this.#push(task);
  }

  #push(value: number): void {
    if (this.#length === this.#numbers.length) {
      const longer = new Float64Array(this.#length * 2);
      longer.set(this.#numbers);
      this.#numbers = longer;
    }
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }
}

function replayRow(unsettled: Unsettled, numbers: Float64Array, workers: readonly string[]): void {
  let at = 0;
  const next = (): number => {
    const value = numbers[at];
    assert(value !== undefined, "a record of the journal ends within its row");
    at += 1;
    return value;
  };
  const list = (): number[] => {
    const count = next();
    const tasks = Array.from(numbers.subarray(at, at + count));
    assert(tasks.length === count, "a list of the journal ends within its row");
    at += count;
    return tasks;
  };
  unsettled.lastPosition = next();
  while (at < numbers.length) {
    const kind = next();
    switch (kind) {
      case COUNTS: {
        const laneId = next();
        unsettled.counts.set(
          laneId,
          Array.from({ length: LANE_COUNTS }, () => next()),
        );
        break;
      }
      case CREATED: {
        const place = next();
        const ready = unsettled.ready.get(place);
        if (ready === undefined) unsettled.ready.set(place, list());
        else for (const task of list()) ready.push(task);
        break;
      }
      case TAKEN: {
        const place = next();
        unsettled.ready.get(place)?.splice(0, next());
        break;
      }
      case SETTLED:
        unsettled.ready.delete(next());
        break;
      case LEASED: {
        const [place, attempts, ends, since, worker] = [next(), next(), next(), next(), workers[next()] ?? ""];
        const lease = { place, attempts, ends, since, worker };
        for (const task of list()) unsettled.leases.set(task, lease);
        break;
      }
      case ENDED:
        for (const task of list()) unsettled.leases.delete(task);
        break;
      case FINISHED: {
        const [laneId, atMs, tasks] = [next(), next(), list()];
        for (const task of tasks) unsettled.leases.delete(task);
        unsettled.finished.push({ laneId, atMs, tasks });
        break;
      }
      default:
        assert(kind === LOGGED, `kind ${kind} of a journal's record is known`);
        unsettled.finished = [];
    }
  }
}
