import type { Statement } from "bun:sqlite";
import type { Failed, InsertOutcome, NewTask } from "../../queue/store.ts";
import { sequenceMs } from "../../queue/task-id.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { ReadyHeads } from "./ready-heads.ts";
import type { RowInserts } from "./row-inserts.ts";
import type { StatementSet } from "./statement-set.ts";
import type { TaskReader } from "./task-reader.ts";
import { traceText } from "./trace-text.ts";

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
  readonly tasks: RowInserts;
}

/** New tasks into a shard. */
export class Inserting {
  readonly #lanes: LaneBook;
  readonly #reader: TaskReader;
  readonly #heads: ReadyHeads;
  readonly #tasks: RowInserts;
  readonly #rare: Statement<unknown, [number, number, number, number, ...(string | null)[]]>;
  readonly #readyRange: Statement<unknown, [number, number]>;
  readonly #delayed: Statement<unknown, [number, number, number, number, number]>;
  readonly #key: Statement<unknown, [string, string, number]>;

  constructor(db: StatementSet, { lanes, reader, heads, tasks }: InsertingParts) {
    this.#lanes = lanes;
    this.#reader = reader;
    this.#heads = heads;
    this.#tasks = tasks;
    this.#rare = db.prepare("INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#readyRange = db.prepare(
      "INSERT INTO ready SELECT lane, priority, id, id, 0 FROM task WHERE id BETWEEN ? AND ?",
    );
    this.#delayed = db.prepare("INSERT INTO delayed VALUES (?, ?, ?, 0, ?, ?)");
    this.#key = db.prepare("INSERT INTO idempotency VALUES (?, ?, ?)");
  }

  insert(items: readonly NewTask[], now: number): InsertOutcome[] {
    const outcomes: InsertOutcome[] = [];
    // Ready tasks with consecutive ids reach the ready table in one statement: nothing else can lie between them.
    let first = 0;
    let last = -1;
    for (const item of items) {
      const holder =
        item.idempotencyKey === undefined ? undefined : this.#reader.holder(item.tenant, item.idempotencyKey);
      if (holder !== undefined) {
        outcomes.push({ kind: "existing", task: holder });
        continue;
      }
      const lane = this.#lanes.open(item.tenant, item.command);
      if (lane === undefined) {
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

  #makeReady(first: number, last: number): void {
    if (last < first) return;
    this.#tasks.flush();
    this.#readyRange.run(first, last);
  }

  /** True when the task is ready and needs a row in the ready table. */
  #insertOne(item: NewTask, lane: Lane, now: number): boolean {
    const { tenant, priority, idempotencyKey, dueMs } = item;
    const { sequence } = item.key;
    if (isPlain(item, lane)) this.#tasks.add(sequence, item.payload, lane.id, priority, item.maxAttempts);
    else this.#insertRare(item, lane);
    if (idempotencyKey !== undefined) this.#key.run(tenant, idempotencyKey, sequence);
    if (dueMs === undefined || dueMs <= now) {
      this.#lanes.addReady(lane, priority, 1);
      return !this.#heads.add(lane, item);
    }
    this.#lanes.add(lane, "delayed", 1);
    this.#delayed.run(sequence, lane.id, priority, dueMs, sequenceMs(sequence));
    return false;
  }

  #insertRare(item: NewTask, lane: Lane): void {
    // Rows are the fastest to insert in the order of their numbers.
    this.#tasks.flush();
    const { key, command, priority, maxAttempts, payload, webhook, idempotencyKey, trace } = item;
    this.#rare.run(
      key.sequence,
      lane.id,
      priority,
      maxAttempts,
      command === lane.command ? null : command,
      payload,
      webhook ?? null,
      idempotencyKey ?? null,
      trace === undefined ? null : traceText(trace),
    );
  }
}

/** Has nothing that few tasks have. */
function isPlain({ command, webhook, idempotencyKey, trace }: NewTask, lane: Lane): boolean {
  return command === lane.command && webhook === undefined && idempotencyKey === undefined && trace === undefined;
}
