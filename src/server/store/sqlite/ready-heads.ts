import type { NewTask } from "../../queue/store.ts";
import { PRIORITY_MAX } from "../../queue/task.ts";
import type { Lane } from "./lane-book.ts";

interface Head {
  /** Oldest first. */
  tasks: NewTask[];
  /** Index of the first that was not taken. */
  next: number;
}

/** What a copy costs beside its payload. */
const TASK_BYTES = 400;

/**
 * Copies of the tasks that are next in their lanes, so that a claim need not read from the file what was written a moment
 * ago. For a lane and a priority these are its first ready rows, without a gap; none where others came to lie before
 * them. Only tasks that were never claimed are copied. The tables have the truth.
 */
export class ReadyHeads {
  readonly #bytesMax: number;
  readonly #heads = new Map<number, Head>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A new task has become ready, and is counted. */
  add(lane: Lane, task: NewTask): void {
    const { priority } = task;
    const place = placeOf(lane, priority);
    const head = this.#heads.get(place);
    const copied = head === undefined ? 0 : head.tasks.length - head.next;
    const last = head?.tasks.at(-1);
    // It lies between those that are copied.
    if (last !== undefined && task.key.sequence < last.key.sequence) this.drop(lane, priority);
    // Others lie between those that are copied and this one.
    else if (copied + 1 !== lane.ready[priority]) return;
    else if (this.#bytes + bytesOf(task) <= this.#bytesMax) {
      this.#bytes += bytesOf(task);
      if (head === undefined) this.#heads.set(place, { tasks: [task], next: 0 });
      else head.tasks.push(task);
    }
  }

  /** The first ready tasks, or undefined when they have to be read. Either way they are counted as taken. */
  take(lane: Lane, priority: number, count: number): readonly NewTask[] | undefined {
    const place = placeOf(lane, priority);
    const head = this.#heads.get(place);
    if (head === undefined) return undefined;
    const end = head.next + count;
    if (end > head.tasks.length) {
      this.drop(lane, priority);
      return undefined;
    }
    const taken = head.tasks.slice(head.next, end);
    for (const task of taken) this.#bytes -= bytesOf(task);
    head.next = end;
    if (end === head.tasks.length) this.#heads.delete(place);
    else if (end > head.tasks.length / 2) {
      head.tasks = head.tasks.slice(end);
      head.next = 0;
    }
    return taken;
  }

  /** Another task has come to lie somewhere among the first. */
  drop(lane: Lane, priority: number): void {
    const place = placeOf(lane, priority);
    const head = this.#heads.get(place);
    if (head === undefined) return;
    for (const task of head.tasks.slice(head.next)) this.#bytes -= bytesOf(task);
    this.#heads.delete(place);
  }

  /** To be called when the transaction is undone. */
  clear(): void {
    this.#heads.clear();
    this.#bytes = 0;
  }
}

function placeOf(lane: Lane, priority: number): number {
  return lane.id * (PRIORITY_MAX + 1) + priority;
}

function bytesOf(task: NewTask): number {
  return TASK_BYTES + task.payload.length * 2;
}
