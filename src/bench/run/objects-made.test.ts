import { expect, test } from "bun:test";
import type { HeapLook } from "../profile/server-profile.ts";
import { countMade } from "./objects-made.ts";

/** A server whose heap is this, look after look, and that does so many tasks between two looks of a pair. */
function server(looks: readonly HeapLook[], tasksApart: number) {
  let next = 0;
  let tasks = 0;
  return {
    lookAtHeap: async (): Promise<HeapLook> => looks[next++ % looks.length] ?? { objects: 0, left: 0 },
    tasks: () => tasks,
    sleep: async () => {
      tasks += tasksApart;
    },
  };
}

test("objects for a task are those that came between two looks", async () => {
  const looks = [
    { objects: 5_000, left: 900 },
    { objects: 25_000, left: 900 },
  ];
  expect(await countMade(server(looks, 1000))).toBe(20);
});

test("pairs with a collection in between do not count", async () => {
  const looks = [
    { objects: 5_000, left: 900 },
    { objects: 7_000, left: 1_800 },
    { objects: 9_000, left: 1_800 },
    { objects: 39_000, left: 1_800 },
    { objects: 9_000, left: 1_800 },
    { objects: 3_000, left: 1_800 },
  ];
  expect(await countMade(server(looks, 1000))).toBe(30);
  expect(await countMade(server(looks.slice(0, 2), 1000))).toBeUndefined();
});

test("a few tasks say nothing, for others may be half done", async () => {
  const looks = [
    { objects: 5_000, left: 900 },
    { objects: 25_000, left: 900 },
  ];
  expect(await countMade(server(looks, 99))).toBeUndefined();
});
