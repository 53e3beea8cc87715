import type { Statement } from "bun:sqlite";
import type { Failed, InsertOutcome, NewTask } from "../../queue/store.ts";
import type { Task } from "../../queue/task.ts";
import { sequenceMs } from "../../queue/task-id.ts";
import type { IdempotencyKeys } from "./idempotency-keys.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { ReadyHeads } from "./ready-heads.ts";
import type { StatementSet } from "./statement-set.ts";
import type { TaskReader } from "./task-reader.ts";
import type { TaskRows } from "./task-rows.ts";

const TOO_MANY_COMMANDS: Failed = {
  kind: "failed",
  code: "TOO_MANY_COMMANDS",
  message: "too many different commands of this tenant have tasks; commands without tasks are forgotten",
};

const CREATED: InsertOutcome = { kind: "created" };

export interface InsertingParts {
  readonly lanes: LaneBook;
  readonly reader: TaskReader;
  readonly heads: ReadyHeads;
  readonly tasks: TaskRows;
  readonly keys: IdempotencyKeys;
}

/** New tasks into a shard. */
export class Inserting {
  readonly #lanes: LaneBook;
  readonly #reader: TaskReader;
  readonly #heads: ReadyHeads;
  readonly #tasks: TaskRows;
  readonly #keys: IdempotencyKeys;
  readonly #readyRange: Statement<unknown, [number, number]>;
  readonly #delayed: Statement<unknown, [number, number, number, number, number]>;

  constructor(db: StatementSet, { lanes, reader, heads, tasks, keys }: InsertingParts) {
    this.#lanes = lanes;
    this.#reader = reader;
    this.#heads = heads;
    this.#tasks = tasks;
    this.#keys = keys;
    this.#readyRange = db.prepare(
      "INSERT INTO ready SELECT lane, priority, id, id, 0 FROM task WHERE id BETWEEN ? AND ?",
    );
    this.#delayed = db.prepare("INSERT INTO delayed VALUES (?, ?, ?, 0, ?, ?)");
  }

  insert(items: readonly NewTask[], now: number): InsertOutcome[] {
    const outcomes: InsertOutcome[] = [];
    // Ready tasks with consecutive ids reach the ready table in one statement: nothing else can lie between them.
    let first = 0;
    let last = -1;
    const haveTheirKeys = this.#keys.take(items);
    for (const item of items) {
      const holder = haveTheirKeys ? undefined : this.#otherHolder(item);
      if (holder !== undefined) {
        outcomes.push({ kind: "existing", task: holder });
        continue;
      }
      const lane = this.#lanes.open(item.tenant, item.command);
      if (lane === undefined) {
        if (item.idempotencyKey !== undefined) this.#keys.forget(item.tenant, item.idempotencyKey);
        outcomes.push(TOO_MANY_COMMANDS);
        continue;
      }
      outcomes.push(CREATED);
      if (!this.#insertOne(item, lane, now)) continue;
      const { sequence } = item.key;
      if (sequence !== last + 1) {
        this.#makeReady(first, last);
        first = sequence;
      }
      last = sequence;
    }
    this.#makeReady(first, last);
    return outcomes;
  }

  /** The task that has the item's key in its place. */
  #otherHolder(item: NewTask): Task | undefined {
    const { tenant, idempotencyKey, key } = item;
    if (idempotencyKey === undefined) return undefined;
    const sequence = this.#keys.holder(tenant, idempotencyKey);
    if (sequence === key.sequence) return undefined;
    if (sequence !== undefined) return this.#reader.get(tenant, { shard: key.shard, sequence });
    // One before it in this call had the key, and was refused.
    this.#keys.take([item]);
    return undefined;
  }

  #makeReady(first: number, last: number): void {
    if (last < first) return;
    this.#tasks.flush();
    this.#readyRange.run(first, last);
  }

  /** True when the task is ready and needs a row in the ready table. */
  #insertOne(item: NewTask, lane: Lane, now: number): boolean {
    const { priority, dueMs } = item;
    const { sequence } = item.key;
    this.#tasks.add(item, lane);
    if (dueMs === undefined || dueMs <= now) {
      this.#lanes.addReady(lane, priority, 1);
      return !this.#heads.add(lane, item);
    }
    this.#lanes.add(lane, "delayed", 1);
    this.#delayed.run(sequence, lane.id, priority, dueMs, sequenceMs(sequence));
    return false;
  }
}
