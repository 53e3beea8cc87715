import type { Statement } from "bun:sqlite";
import type { NewTask } from "../../queue/store.ts";
import type { Journal, Unsettled } from "./journal.ts";
import { type Lane, type Place, placeOf } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";

/** A waiting task, or its number when it has to be read. */
export type ReadyTask = NewTask | number;

interface Head {
  /** Oldest first. */
  tasks: ReadyTask[];
  /** Index of the first that was not taken. */
  next: number;
}

/** What a task costs beside its payload. */
const TASK_BYTES = 400;

/**
 * The tasks that are next in their lanes and have no row in the ready table, but are in the journal; most are claimed
 * soon. For a lane and a priority these are its first ready tasks: whatever has a row comes after them. They were never
 * claimed.
 */
export class ReadyHeads {
  readonly #journal: Journal;
  readonly #bytesMax: number;
  readonly #insert: Statement<unknown, [number, number, number, number]>;
  readonly #heads = new Map<Place, Head>();
  #bytes = 0;

  constructor(db: StatementSet, journal: Journal, bytesMax: number) {
    this.#journal = journal;
    this.#bytesMax = bytesMax;
    this.#insert = db.prepare("INSERT INTO ready VALUES (?, ?, ?, ?, 0)");
  }

  /** A new task has become ready, and is counted. False when it needs a row. */
  add(lane: Lane, task: NewTask): boolean {
    const { priority, key } = task;
    const place = placeOf(lane, priority);
    const head = this.#heads.get(place);
    const last = head?.tasks.at(-1);
    // It lies between those that are here.
    if (last !== undefined && key.sequence < sequenceOf(last)) {
      this.settle(lane, priority);
      return false;
    }
    const ahead = head === undefined ? 0 : head.tasks.length - head.next;
    // Others have rows and lie between those that are here and this one; or there is no room.
    if (ahead + 1 !== lane.ready[priority] || this.#bytes + bytesOf(task) > this.#bytesMax) return false;
    this.#bytes += bytesOf(task);
    if (head === undefined) this.#heads.set(place, { tasks: [task], next: 0 });
    else head.tasks.push(task);
    this.#journal.created(place, key.sequence);
    return true;
  }

  /** The first ready tasks, as far as they are here, at most so many. */
  take(lane: Lane, priority: number, count: number): readonly ReadyTask[] {
    const place = placeOf(lane, priority);
    const head = this.#heads.get(place);
    if (head === undefined) return NONE;
    const taken = head.tasks.slice(head.next, head.next + count);
    for (const task of taken) this.#bytes -= bytesOf(task);
    head.next += taken.length;
    if (head.next === head.tasks.length) this.#heads.delete(place);
    else if (head.next > head.tasks.length / 2) {
      head.tasks = head.tasks.slice(head.next);
      head.next = 0;
    }
    this.#journal.taken(place, taken.length);
    return taken;
  }

  /** Gives rows to all of a lane and a priority: another task comes to lie somewhere among the first. */
  settle(lane: Lane, priority: number): void {
    const place = placeOf(lane, priority);
    const head = this.#heads.get(place);
    if (head === undefined) return;
    for (const task of head.tasks.slice(head.next)) {
      this.#bytes -= bytesOf(task);
      const sequence = sequenceOf(task);
      this.#insert.run(lane.id, priority, sequence, sequence);
    }
    this.#heads.delete(place);
    this.#journal.settled(place);
  }

  /** Into a journal that has been begun anew. */
  record(): void {
    for (const [place, { tasks, next }] of this.#heads) {
      for (const task of tasks.slice(next)) this.#journal.created(place, sequenceOf(task));
    }
  }

  /** As the journal has them. What they are is read when they are taken. */
  load({ ready }: Unsettled): void {
    this.#heads.clear();
    this.#bytes = 0;
    for (const [place, tasks] of ready) {
      if (tasks.length === 0) continue;
      this.#heads.set(place, { tasks, next: 0 });
      this.#bytes += tasks.length * TASK_BYTES;
    }
  }
}

const NONE: readonly ReadyTask[] = [];

function sequenceOf(task: ReadyTask): number {
  return typeof task === "number" ? task : task.key.sequence;
}

function bytesOf(task: ReadyTask): number {
  return TASK_BYTES + (typeof task === "number" ? 0 : task.payload.length * 2);
}
