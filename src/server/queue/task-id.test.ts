import { expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  formatTaskId,
  parseTaskId,
  Sequence,
  sequenceAt,
  sequenceMs,
  TASK_ID_BYTES,
  type TaskIdSeed,
  writeTaskId,
} from "./task-id.ts";

const SEED: TaskIdSeed = [123, 456];
const NOW = Date.UTC(2026, 5, 1);

const keys = fc.record({
  shard: fc.nat({ max: 63 }),
  // To the year 2090.
  sequence: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }).map(Number),
});

test("an id is a lower-case UUID of version 7 and gives its key back", () => {
  fc.assert(
    fc.property(keys, (key) => {
      const id = formatTaskId(key, SEED);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(parseTaskId(id, SEED)).toEqual(key);
    }),
  );
});

test("an id is written into bytes as it is into a text, and nothing beside it", () => {
  const bytes = new Uint8Array(TASK_ID_BYTES + 4);
  fc.assert(
    fc.property(keys, fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)), (key, seed) => {
      bytes.fill(0x20);
      writeTaskId(key, seed, bytes, 2);
      expect(new TextDecoder().decode(bytes)).toBe(`  ${formatTaskId(key, seed)}  `);
    }),
  );
});

test("ids of one shard sort as they were made", () => {
  const sequence = new Sequence(0);
  const ids = Array.from({ length: 10_000 }, () => formatTaskId({ shard: 3, sequence: sequence.next(NOW) }, SEED));
  expect(ids.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("an id that was changed in any digit, or comes from elsewhere, is not taken", () => {
  const id = formatTaskId({ shard: 1, sequence: sequenceAt(NOW) + 77 }, SEED);
  for (let place = 0; place < id.length; place += 1) {
    const digit = id.charAt(place);
    if (digit === "-") continue;
    const changed = id.slice(0, place) + (digit === "0" ? "1" : "0") + id.slice(place + 1);
    expect(parseTaskId(changed, SEED)).toBeUndefined();
  }
  expect(parseTaskId(id, [123, 457])).toBeUndefined();
  expect(parseTaskId(id, [124, 456])).toBeUndefined();
});

test("anything else is not an id", () => {
  const id = formatTaskId({ shard: 1, sequence: 5 }, SEED);
  for (const text of ["", "x", id.toUpperCase(), `${id} `, id.slice(1), `{${id}}`, "0".repeat(36), "é".repeat(36)]) {
    if (text === id) continue;
    expect(parseTaskId(text, SEED)).toBeUndefined();
  }
});

test("a sequence carries the time, ascends within a millisecond and when the clock goes back", () => {
  const sequence = new Sequence(0);
  const first = sequence.next(NOW);
  expect(sequenceMs(first)).toBe(NOW);
  expect(sequence.next(NOW)).toBe(first + 1);
  expect(sequence.next(NOW - 5000)).toBe(first + 2);
  expect(sequenceMs(sequence.next(NOW + 1))).toBe(NOW + 1);
});

test("past 4096 in a millisecond it borrows from the next", () => {
  const sequence = new Sequence(0);
  const made = Array.from({ length: 5000 }, () => sequence.next(NOW));
  expect(sequenceMs(made.at(-1) ?? 0)).toBe(NOW + 1);
  expect(new Set(made).size).toBe(5000);
});

test("it goes on above what it follows", () => {
  const sequence = new Sequence(sequenceAt(NOW));
  sequence.follow(sequenceAt(NOW + 9));
  sequence.follow(sequenceAt(NOW + 2));
  expect(sequence.next(NOW)).toBe(sequenceAt(NOW + 9) + 1);
});
