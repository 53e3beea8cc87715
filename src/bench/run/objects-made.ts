import { median } from "../median.ts";
import type { HeapLook } from "../profile/server-profile.ts";

export interface LooksAtHeap {
  readonly lookAtHeap: () => Promise<HeapLook>;
  /** Tasks done so far. */
  readonly tasks: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const PAIRS = 20;
/** Thousands of tasks at full load, and mostly too short for a collection. */
const APART_MS = 40;
/** Those under way when one looks should be few among them. */
const TASKS_MIN = 100;

/**
 * How many objects the server makes for a task, while it is under load: the runtime does not count what it makes, but
 * knows how many there are, and between two collections none goes. Looks are taken in pairs; those with a collection
 * in between tell nothing.
 * @returns the median of the pairs, or undefined when none told anything
 */
export async function countMade({ lookAtHeap, tasks, sleep }: LooksAtHeap): Promise<number | undefined> {
  const made: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const before = await lookAtHeap();
    const tasksBefore = tasks();
    await sleep(APART_MS);
    const after = await lookAtHeap();
    const done = tasks() - tasksBefore;
    const objects = after.objects - before.objects;
    if (after.left === before.left && objects > 0 && done >= TASKS_MIN) made.push(objects / done);
  }
  return made.length === 0 ? undefined : median(made);
}
