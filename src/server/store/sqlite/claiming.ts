import type { Statement } from "bun:sqlite";
import { assert } from "../../queue/errors.ts";
import type { ClaimRequest } from "../../queue/store.ts";
import type { Task } from "../../queue/task.ts";
import { type Progress, taskOf } from "../../queue/whole-task.ts";
import type { HeldLeases } from "./held-leases.ts";
import type { LaneBook, Portion } from "./lane-book.ts";
import type { ReadyHeads } from "./ready-heads.ts";
import type { StatementSet } from "./statement-set.ts";
import { fixedOf, type TaskColumns } from "./task-reader.ts";

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
  readonly shard: number;
}

/**
 * Ready tasks to workers. The lane book knows where they are, so a claim reads and writes just the rows it gets; those
 * that became ready a moment ago are mostly in memory, and only written.
 */
export class Claiming {
  readonly #lanes: LaneBook;
  readonly #heads: ReadyHeads;
  readonly #leases: HeldLeases;
  readonly #shard: number;
  readonly #head: Statement<unknown, [number, number, number]>;
  readonly #lease: Statement<unknown, [number, number, string, number, number, number, number]>;
  readonly #take: Statement<unknown, [number, number, number, number]>;
  readonly #forgetPosition: Statement<unknown, [number]>;

  constructor(db: StatementSet, { lanes, heads, leases, shard }: ClaimingParts) {
    this.#lanes = lanes;
    this.#heads = heads;
    this.#leases = leases;
    this.#shard = shard;
    // Each column of a row takes time, also where it is empty.
    this.#head = db.prepare(
      `SELECT r.position, r.task, r.attempts, t.max_attempts, t.payload,
         CASE WHEN coalesce(t.command, t.webhook, t.trace) IS NOT NULL THEN json_array(t.command, t.webhook, t.trace) END
       FROM ready r CROSS JOIN task t ON t.id = r.task
       WHERE r.lane = ? AND r.priority = ? ORDER BY r.position, r.task LIMIT ?`,
    );
    const upTo = "lane = ? AND priority = ? AND (position, task) <= (?, ?)";
    this.#lease = db.prepare(
      `INSERT INTO lease SELECT task, lane, priority, attempts + 1, ?, ?, ? FROM ready WHERE ${upTo}`,
    );
    this.#take = db.prepare(`DELETE FROM ready WHERE ${upTo}`);
    this.#forgetPosition = db.prepare("DELETE FROM requeued WHERE task = ?");
  }

  claim(request: ClaimRequest, now: number): Task[] {
    const tasks: Task[] = [];
    for (const portion of this.#lanes.plan(request, request.count, request.rotation)) {
      if (!this.#claimCopied(portion, request, now, tasks)) this.#claimRead(portion, request, now, tasks);
    }
    return tasks;
  }

  #claimCopied(portion: Portion, request: ClaimRequest, now: number, tasks: Task[]): boolean {
    const { lane, priority, count } = portion;
    const copied = this.#heads.take(lane, priority, count);
    const last = copied?.at(-1)?.key.sequence;
    if (copied === undefined || last === undefined) return false;
    this.#move(portion, request, now, [last, last]);
    const { worker } = request;
    const progress = leasedBy(request, 1, now);
    for (const task of copied) {
      this.#leases.add({ task: task.key.sequence, lane, priority, attempts: 1, worker });
      tasks.push(taskOf(task, progress));
    }
    return true;
  }

  #claimRead(portion: Portion, request: ClaimRequest, now: number, tasks: Task[]): void {
    const { lane, priority, count } = portion;
    // Rows come as arrays, in the order of the columns asked for.
    const rows = this.#head.values(lane.id, priority, count) as unknown as ReadyRow[];
    const last = rows.at(-1);
    assert(last !== undefined && rows.length === count, `lane ${lane.id} has ${rows.length} ready tasks, not ${count}`);
    this.#move(portion, request, now, [last[0], last[1]]);
    const { worker } = request;
    for (const [position, sequence, delivered, maxAttempts, payload, rare] of rows) {
      if (position !== sequence) this.#forgetPosition.run(sequence);
      // Written by the statement.
      const [command, webhook, trace] = rare === null ? NOTHING_RARE : (JSON.parse(rare) as Rare);
      const attempts = delivered + 1;
      this.#leases.add({ task: sequence, lane, priority, attempts, worker });
      const key = { shard: this.#shard, sequence };
      const fixed = fixedOf(key, lane, [priority, maxAttempts, command, payload, webhook, trace]);
      tasks.push(taskOf(fixed, leasedBy(request, attempts, now)));
    }
  }

  /** From the ready table to the lease table: all up to a place, which are as many as the portion says. */
  #move(
    { lane, priority, count }: Portion,
    { worker, leaseUntilMs }: ClaimRequest,
    now: number,
    [position, task]: readonly [number, number],
  ): void {
    const { changes } = this.#lease.run(leaseUntilMs, now, worker, lane.id, priority, position, task);
    assert(changes === count, `lane ${lane.id} had ${changes} ready tasks up to ${task}, not ${count}`);
    this.#take.run(lane.id, priority, position, task);
    this.#lanes.addReady(lane, priority, -count);
    this.#lanes.add(lane, "leased", count);
  }
}

function leasedBy({ worker, leaseUntilMs }: ClaimRequest, attempts: number, now: number): Progress {
  return { state: "leased", attempts, worker, leaseUntilMs, error: undefined, result: undefined, updatedMs: now };
}
