import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { newTask } from "../store-fixture.ts";
import { Journal } from "./journal.ts";
import type { Lane } from "./lane-book.ts";
import { migrate } from "./migrations.ts";
import { ReadyHeads } from "./ready-heads.ts";
import { StatementSet } from "./statement-set.ts";

const TASKS = 8;
const PAYLOAD = "x".repeat(1000);
/** Room for so many tasks with that payload, and not for one more. */
const BYTES_MAX = TASKS * (PAYLOAD.length * 2 + 400);

class Fixture implements Disposable {
  readonly db = new Database(":memory:", { strict: true });
  readonly journal: Journal;
  readonly heads: ReadyHeads;
  readonly lane: Lane = {
    id: 1,
    tenant: "acme",
    command: "resize",
    fold: "resize",
    ready: [0],
    counts: { delayed: 0, leased: 0, completed: 0, failed: 0, dead: 0 },
    isNew: false,
  };

  constructor() {
    migrate(this.db);
    const statements = new StatementSet(this.db);
    this.journal = new Journal(statements, 2 ** 20);
    this.heads = new ReadyHeads(statements, this.journal, BYTES_MAX);
  }

  /** New ready tasks, and whether each was taken in. */
  fill(count: number, payload = PAYLOAD): boolean[] {
    return Array.from({ length: count }, () => {
      this.lane.ready[0] = (this.lane.ready[0] ?? 0) + 1;
      return this.heads.add(this.lane, newTask({ payload }));
    });
  }

  take(count: number): number {
    const { length } = this.heads.take(this.lane, 0, count);
    this.lane.ready[0] = (this.lane.ready[0] ?? 0) - length;
    return length;
  }

  get rows(): number {
    return this.db.query<{ rows: number }, []>("SELECT count(*) AS rows FROM ready").get()?.rows ?? 0;
  }

  [Symbol.dispose](): void {
    this.db.close();
  }
}

test("tasks without a row take no more room than there is, and leave it when they are taken, get rows or are undone", () => {
  using fixture = new Fixture();
  const { heads, lane, journal } = fixture;
  const leave = [
    () => fixture.take(TASKS),
    () => heads.settle(lane, 0),
    () => {
      journal.forget();
      heads.load(journal.replay());
    },
  ];
  for (const each of leave) {
    lane.ready[0] = 0;
    expect(fixture.fill(TASKS + 2)).toEqual([...Array(TASKS).fill(true), false, false]);
    each();
  }
  expect(fixture.rows).toBe(TASKS);
  lane.ready[0] = 0;
  fixture.fill(TASKS + 2);
  expect(fixture.take(TASKS + 2)).toBe(TASKS);
});

test("what is taken is what was added, in order, however it is divided", () => {
  using fixture = new Fixture();
  const { heads, lane } = fixture;
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
    for (const task of heads.take(lane, 0, count)) taken.push(typeof task === "number" ? task : task.key.sequence);
    lane.ready[0] = (lane.ready[0] ?? 0) - count;
  }
  expect(taken.length).toBeGreaterThan(20);
  expect(taken).toEqual(added.slice(0, taken.length));
});

test("as the journal has them they are the same tasks, each by its number", () => {
  using fixture = new Fixture();
  const { heads, journal, lane } = fixture;
  fixture.fill(5, "1");
  journal.write(1, 0);
  fixture.take(2);
  fixture.fill(1, "1");
  journal.write(2, 0);
  fixture.take(3);
  journal.forget();
  heads.load(journal.replay());
  const numbers = heads.take(lane, 0, 9);
  expect(numbers).toHaveLength(4);
  expect(numbers.every((task) => typeof task === "number")).toBe(true);
});
