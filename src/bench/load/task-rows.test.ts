import { expect, test } from "bun:test";
import { ROW, TaskRows } from "./task-rows.ts";

const rowsFor = (tasksMax: number): TaskRows => new TaskRows(TaskRows.bufferFor(tasksMax));

test("tags are taken one after the other, by all who share the memory", () => {
  const rows = rowsFor(10);
  const others = new TaskRows(rows.buffer);
  expect([rows.take(3), others.take(2), rows.take(1)]).toEqual([0, 3, 5]);
  expect([rows.size, others.size, rows.tasksMax]).toEqual([6, 6, 10]);
});

test("rows are full when more tags were wanted than there are, and not before", () => {
  const rows = rowsFor(10);
  expect(rows.take(10)).toBe(0);
  expect(rows.full).toBe(false);
  expect(rows.take(1)).toBeUndefined();
  expect(rows.full).toBe(true);
  expect(rows.size).toBe(10);
});

test("what waits is what was taken and is not delivered", () => {
  const rows = rowsFor(10);
  rows.take(4);
  rows.addDelivered();
  expect(rows.waiting).toBe(3);
});

test("times run on where a signed word ends, after 36 minutes", () => {
  const rows = rowsFor(1);
  rows.words[rows.at(0) + ROW.resultDone] = 3_600_000_000;
  expect(rows.time(0, ROW.resultDone)).toBe(3_600_000_000);
});

test("a task's id is the one that was acknowledged, else the one that was delivered", () => {
  const rows = rowsFor(2);
  expect(rows.idOf(1)).toBeUndefined();
  rows.words.set([1, 2, 3, -1], rows.at(1) + ROW.deliveredId);
  expect(rows.idOf(1)).toBe("00000001-0000-0002-0000-0003ffffffff");
  rows.words.set([0x0190_abcd, 0x0123_7fff, 5, 6], rows.at(1) + ROW.createdId);
  expect(rows.idOf(1)).toBe("0190abcd-0123-7fff-0000-000500000006");
  expect(rows.idOf(0)).toBeUndefined();
});
