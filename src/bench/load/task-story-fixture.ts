import type { ThreadReport } from "./load-plan.ts";
import { readIdWords } from "./task-id-words.ts";
import { CREATE, RESULT, ROW, TaskRows } from "./task-rows.ts";

/** Test-only: what became of a task, as its row tells it. Times are microseconds on the run's clock. */
export interface TaskStory {
  readonly intended: number;
  readonly createInvoke: number;
  readonly createDone: number;
  readonly claimInvoke: number;
  readonly deliverDone: number;
  readonly resultInvoke: number;
  readonly resultDone: number;
  readonly create: keyof typeof CREATE;
  readonly deliveries: number;
  readonly result: keyof typeof RESULT;
  readonly delayMs: number;
  readonly attempts: number;
  readonly createdId: string | undefined;
  readonly deliveredId: string | undefined;
}

export type StoryEnd = "waiting" | "leased" | "completed";

/** Test-only: an ordinary task that got so far, the first thing of it at a time that rises with its number. */
export function taskStory(number: number, end: StoryEnd, change: Partial<TaskStory> = {}): TaskStory {
  const at = (number + 1) * 1000;
  const id = taskId(number);
  const [delivered, completed] = [end !== "waiting", end === "completed"];
  return {
    intended: at,
    createInvoke: at,
    createDone: at + 100,
    claimInvoke: delivered ? at + 200 : 0,
    deliverDone: delivered ? at + 300 : 0,
    resultInvoke: completed ? at + 400 : 0,
    resultDone: completed ? at + 500 : 0,
    create: "acked",
    deliveries: delivered ? 1 : 0,
    result: completed ? "acked" : "none",
    delayMs: 0,
    attempts: delivered ? 1 : 0,
    createdId: id,
    deliveredId: delivered ? id : undefined,
    ...change,
  };
}

/** Test-only: ids as the server makes them, with a time and a shard inside. */
export function taskId(number: number): string {
  return `01900000-0000-7000-8000-${String(number).padStart(12, "0")}`;
}

/** Test-only: rows that tell these stories, tag by tag. */
export function rowsOf(stories: readonly TaskStory[], tasksMax: number = stories.length): TaskRows {
  const rows = new TaskRows(TaskRows.bufferFor(tasksMax));
  for (const story of stories) writeStory(rows, story);
  return rows;
}

/** Test-only. @returns the tag */
export function writeStory(rows: TaskRows, story: TaskStory): number {
  const tag = rows.take(1);
  if (tag === undefined) throw new RangeError(`there is room for ${rows.tasksMax} tasks only`);
  const { createdId, deliveredId, create, result, ...numbers } = story;
  const at = rows.at(tag);
  const words = { ...numbers, create: CREATE[create], result: RESULT[result] };
  // The keys are those of the object above.
  for (const key of Object.keys(words) as (keyof typeof words)[]) rows.words[at + ROW[key]] = words[key];
  if (createdId !== undefined) readIdWords(Buffer.from(createdId), 0, rows.words, at + ROW.createdId);
  if (deliveredId !== undefined) readIdWords(Buffer.from(deliveredId), 0, rows.words, at + ROW.deliveredId);
  if (story.deliveries > 0) rows.addDelivered();
  return tag;
}

/** Test-only: what a thread reports that has seen nothing odd. */
export function threadReport(change: Partial<ThreadReport> = {}): ThreadReport {
  const { irregulars = [] } = change;
  return {
    irregulars,
    irregularsTotal: irregulars.length,
    cpuSeconds: 0,
    lag: undefined,
    unsent: undefined,
    answers: new Map(),
    unanswered: 0,
    ...change,
  };
}
