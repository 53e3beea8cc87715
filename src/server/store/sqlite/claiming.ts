import type { Statement } from "bun:sqlite";
import { assert } from "../../queue/errors.ts";
import type { ClaimRequest } from "../../queue/store.ts";
import type { Task } from "../../queue/task.ts";
import type { LaneBook, Portion } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";
import { TASK_COLUMNS, type TaskColumns, taskOf } from "./task-reader.ts";

type ReadyRow = readonly [position: number, task: number, attempts: number, ...columns: TaskColumns];

/** Ready tasks to workers. The lane book knows where they are, so a claim reads and writes just the rows it gets. */
export class Claiming {
  readonly #lanes: LaneBook;
  readonly #shard: number;
  readonly #head: Statement<unknown, [number, number, number]>;
  readonly #lease: Statement<unknown, [number, number, string, number, number, number, number]>;
  readonly #take: Statement<unknown, [number, number, number, number]>;
  readonly #forgetPosition: Statement<unknown, [number]>;

  constructor(db: StatementSet, lanes: LaneBook, shard: number) {
    this.#lanes = lanes;
    this.#shard = shard;
    this.#head = db.prepare(
      `SELECT r.position, r.task, r.attempts, ${TASK_COLUMNS}
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
      this.#claimPortion(portion, request, now, tasks);
    }
    return tasks;
  }

  #claimPortion({ lane, priority, count }: Portion, request: ClaimRequest, now: number, tasks: Task[]): void {
    // Rows come as arrays, in the order of the columns asked for.
    const rows = this.#head.values(lane.id, priority, count) as unknown as ReadyRow[];
    const last = rows.at(-1);
    assert(last !== undefined && rows.length === count, `lane ${lane.id} has ${rows.length} ready tasks, not ${count}`);
    const { worker, leaseUntilMs } = request;
    this.#lease.run(leaseUntilMs, now, worker, lane.id, priority, last[0], last[1]);
    this.#take.run(lane.id, priority, last[0], last[1]);
    this.#lanes.addReady(lane, priority, -count);
    this.#lanes.add(lane, "leased", count);
    for (const [position, sequence, attempts, ...columns] of rows) {
      if (position !== sequence) this.#forgetPosition.run(sequence);
      tasks.push(
        taskOf({ shard: this.#shard, sequence }, lane, columns, {
          state: "leased",
          attempts: attempts + 1,
          worker,
          leaseUntilMs,
          error: undefined,
          result: undefined,
          updatedMs: now,
        }),
      );
    }
  }
}
