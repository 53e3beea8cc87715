import { expect, test } from "bun:test";
import { ResultRing } from "./result-ring.ts";
import { readIdWords } from "./task-id-words.ts";
import { ROW, TaskRows } from "./task-rows.ts";

const idOf = (tag: number): Buffer => Buffer.from(`01900000-0000-7000-8000-${String(tag).padStart(12, "0")}`);

/** The results of tasks with these tags are under way. */
function ringOf(tags: readonly number[]): ResultRing {
  const rows = new TaskRows(TaskRows.bufferFor(100));
  const ring = new ResultRing(rows);
  for (const tag of tags) {
    readIdWords(idOf(tag), 0, rows.words, rows.at(tag) + ROW.deliveredId);
    ring.sent(tag);
  }
  return ring;
}

test("acks find their results in whatever order they come, each once", () => {
  const ring = ringOf([3, 1, 4, 5, 9]);
  const answered = [4, 3, 9, 4, 1, 5].map((tag) => ring.answered(idOf(tag), 0));
  expect(answered).toEqual([4, 3, 9, undefined, 1, 5]);
  expect(ring.waiting).toBe(0);
});

test("an ack that nothing waits for takes nothing away", () => {
  const ring = ringOf([1, 2]);
  expect(ring.answered(idOf(7), 0)).toBeUndefined();
  expect(ring.waiting).toBe(2);
  expect(ring.answered(Buffer.concat([Buffer.from("id="), idOf(2)]), 3)).toBe(2);
  expect(ring.waiting).toBe(1);
});
