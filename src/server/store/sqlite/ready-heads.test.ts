import { expect, test } from "bun:test";
import { newTask } from "../store-fixture.ts";
import type { Lane } from "./lane-book.ts";
import { ReadyHeads } from "./ready-heads.ts";

const TASKS = 8;
const PAYLOAD = "x".repeat(1000);
/** Room for so many tasks with that payload, and not for one more. */
const BYTES_MAX = TASKS * (PAYLOAD.length * 2 + 400);

function laneOf(id: number): Lane {
  const counts = { delayed: 0, leased: 0, completed: 0, failed: 0, dead: 0 };
  return { id, tenant: "acme", command: "resize", fold: "resize", ready: [0], counts };
}

/** As many new ready tasks as there are, and no others. */
function fill(heads: ReadyHeads, lane: Lane, count: number): void {
  lane.ready[0] = 0;
  for (let index = 0; index < count; index += 1) {
    lane.ready[0] += 1;
    heads.add(lane, newTask({ payload: PAYLOAD }));
  }
}

test("copies take no more room than there is, and leave it when they are taken, dropped or cleared", () => {
  const heads = new ReadyHeads(BYTES_MAX);
  const lane = laneOf(1);
  const empty = [
    () => heads.take(lane, 0, TASKS),
    // More than there is: what is there has to be read together with the rest.
    () => heads.take(lane, 0, TASKS + 1),
    () => heads.drop(lane, 0),
    () => heads.clear(),
  ];
  for (const leave of empty) {
    fill(heads, lane, TASKS + 2);
    leave();
    fill(heads, lane, TASKS + 2);
    expect(heads.take(lane, 0, TASKS + 1)).toBeUndefined();
    fill(heads, lane, TASKS + 2);
    expect(heads.take(lane, 0, TASKS)).toHaveLength(TASKS);
  }
});

test("what is taken is what was added, in order, however it is divided", () => {
  const heads = new ReadyHeads(BYTES_MAX);
  const lane = laneOf(1);
  const added: number[] = [];
  const taken: number[] = [];
  for (let round = 0; round < 50; round += 1) {
    for (let index = 0; index < 2; index += 1) {
      const task = newTask({ payload: "1" });
      added.push(task.key.sequence);
      lane.ready[0] = (lane.ready[0] ?? 0) + 1;
      heads.add(lane, task);
    }
    const count = round % 3;
    if (count === 0) continue;
    for (const { key } of heads.take(lane, 0, count) ?? []) taken.push(key.sequence);
    lane.ready[0] = (lane.ready[0] ?? 0) - count;
  }
  expect(taken.length).toBeGreaterThan(20);
  expect(taken).toEqual(added.slice(0, taken.length));
});
