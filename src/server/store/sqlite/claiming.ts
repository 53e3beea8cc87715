import type { Statement } from "bun:sqlite";
import { assert } from "../../queue/errors.ts";
import type { ClaimRequest } from "../../queue/store.ts";
import type { Task } from "../../queue/task.ts";
import { type Progress, taskOf } from "../../queue/whole-task.ts";
import type { HeldLeases, Lease } from "./held-leases.ts";
import type { LaneBook, Portion } from "./lane-book.ts";
import type { ReadyHeads } from "./ready-heads.ts";
import type { StatementSet } from "./statement-set.ts";
import { fixedOf, type TaskColumns, type TaskReader } from "./task-reader.ts";
import type { TaskRows } from "./task-rows.ts";

type ReadyRow = readonly [
  position: number,
  task: number,
  attempts: number,
  maxAttempts: number,
  payload: string,
  rare: string | null,
];

/** What few tasks have: their own spelling of the command, webhook, trace. */
type Rare = readonly [command: TaskColumns[2], webhook: TaskColumns[4], trace: TaskColumns[5]];
const NOTHING_RARE: Rare = [null, null, null];

export interface ClaimingParts {
  readonly lanes: LaneBook;
  readonly heads: ReadyHeads;
  readonly leases: HeldLeases;
  readonly reader: TaskReader;
  readonly tasks: TaskRows;
  readonly shard: number;
}

/**
 * Ready tasks to workers. The lane book knows where they are, so a claim reads just the rows it takes; those that became
 * ready a moment ago are in memory, and have none.
 */
export class Claiming {
  readonly #lanes: LaneBook;
  readonly #heads: ReadyHeads;
  readonly #leases: HeldLeases;
  readonly #reader: TaskReader;
  readonly #tasks: TaskRows;
  readonly #shard: number;
  readonly #first: Statement<unknown, [number, number, number]>;
  readonly #take: Statement<unknown, [number, number, number, number]>;
  readonly #forgetPosition: Statement<unknown, [number]>;

  constructor(db: StatementSet, { lanes, heads, leases, reader, tasks, shard }: ClaimingParts) {
    this.#lanes = lanes;
    this.#heads = heads;
    this.#leases = leases;
    this.#reader = reader;
    this.#tasks = tasks;
    this.#shard = shard;
    // Each column of a row takes time, also where it is empty.
    this.#first = db.prepare(
      `SELECT r.position, r.task, r.attempts, t.max_attempts, t.payload,
         CASE WHEN coalesce(t.command, t.webhook, t.trace) IS NOT NULL THEN json_array(t.command, t.webhook, t.trace) END
       FROM ready r CROSS JOIN task t ON t.id = r.task
       WHERE r.lane = ? AND r.priority = ? ORDER BY r.position, r.task LIMIT ?`,
    );
    this.#take = db.prepare("DELETE FROM ready WHERE lane = ? AND priority = ? AND (position, task) <= (?, ?)");
    this.#forgetPosition = db.prepare("DELETE FROM requeued WHERE task = ?");
  }

  claim(request: ClaimRequest, now: number): Task[] {
    const tasks: Task[] = [];
    for (const portion of this.#lanes.plan(request, request.count, request.rotation)) {
      const { lane, priority, count } = portion;
      const taken = this.#takeHeads(portion, request, now, tasks);
      if (taken < count) this.#takeRows({ lane, priority, count: count - taken }, request, now, tasks);
      this.#lanes.addReady(lane, priority, -count);
      this.#lanes.add(lane, "leased", count);
    }
    return tasks;
  }

  /** Yields how many it found. */
  #takeHeads({ lane, priority, count }: Portion, request: ClaimRequest, now: number, tasks: Task[]): number {
    const heads = this.#heads.take(lane, priority, count);
    if (heads.length === 0) return 0;
    const lease: Lease = leaseOf(lane, priority, 1, request, now);
    const progress = progressOf(lease);
    for (const head of heads) {
      const fixed = typeof head === "number" ? this.#reader.fixed(head) : head;
      this.#leases.add(fixed.key.sequence, lease);
      tasks.push(taskOf(fixed, progress));
    }
    return heads.length;
  }

  #takeRows({ lane, priority, count }: Portion, request: ClaimRequest, now: number, tasks: Task[]): void {
    this.#tasks.flush();
    // Rows come as arrays, in the order of the columns asked for.
    const rows = this.#first.values(lane.id, priority, count) as unknown as ReadyRow[];
    const last = rows.at(-1);
    assert(last !== undefined && rows.length === count, `lane ${lane.id} has ${rows.length} ready rows, not ${count}`);
    const { changes } = this.#take.run(lane.id, priority, last[0], last[1]);
    assert(changes === count, `lane ${lane.id} had ${changes} ready rows up to ${last[1]}, not ${count}`);
    let lease = leaseOf(lane, priority, 1, request, now);
    for (const [position, sequence, delivered, maxAttempts, payload, rare] of rows) {
      if (position !== sequence) this.#forgetPosition.run(sequence);
      if (delivered + 1 !== lease.attempts) lease = leaseOf(lane, priority, delivered + 1, request, now);
      this.#leases.add(sequence, lease);
      // Written by the statement.
      const [command, webhook, trace] = rare === null ? NOTHING_RARE : (JSON.parse(rare) as Rare);
      const key = { shard: this.#shard, sequence };
      const fixed = fixedOf(key, lane, [priority, maxAttempts, command, payload, webhook, trace]);
      tasks.push(taskOf(fixed, progressOf(lease)));
    }
  }
}

function leaseOf(
  lane: Lease["lane"],
  priority: number,
  attempts: number,
  { worker, leaseUntilMs }: ClaimRequest,
  now: number,
): Lease {
  return { lane, priority, attempts, ends: leaseUntilMs, since: now, worker };
}

function progressOf({ attempts, worker, ends, since }: Lease): Progress {
  return {
    state: "leased",
    attempts,
    worker,
    leaseUntilMs: ends,
    error: undefined,
    result: undefined,
    updatedMs: since,
  };
}
