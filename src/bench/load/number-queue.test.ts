import { expect, test } from "bun:test";
import { NumberQueue } from "./number-queue.ts";

test("numbers leave in the order they came in, while the queue grows and goes round", () => {
  const queue = new NumberQueue();
  const left: (number | undefined)[] = [];
  let next = 0;
  // Three in, two out: the head is in the middle of the array whenever it has to grow.
  for (let round = 0; round < 300; round += 1) {
    for (let one = 0; one < 3; one += 1) queue.push(next++);
    left.push(queue.shift(), queue.shift());
  }
  expect(queue.size).toBe(300);
  while (queue.size > 0) left.push(queue.shift());
  expect(left).toEqual(Array.from({ length: 900 }, (_, number) => number));
  expect(queue.shift()).toBeUndefined();
  expect(queue.size).toBe(0);
});

test("places are counted from the head, and there is nothing behind the last", () => {
  const queue = new NumberQueue();
  for (let number = 0; number < 64; number += 1) queue.push(number);
  for (let number = 0; number < 60; number += 1) queue.shift();
  for (let number = 64; number < 70; number += 1) queue.push(number);
  queue.set(5, 1000);
  queue.set(10, 2000);
  expect(Array.from({ length: 10 }, (_, place) => queue.at(place))).toEqual([60, 61, 62, 63, 64, 1000, 66, 67, 68, 69]);
  expect(queue.at(10)).toBeUndefined();
});
