import type { Statement } from "bun:sqlite";
import type { Sweep } from "../../queue/store.ts";
import type { Sequence } from "../../queue/task-id.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { ReadyHeads } from "./ready-heads.ts";
import type { StatementSet } from "./statement-set.ts";
import { SweepTally } from "./sweep-tally.ts";

/** Where a task on its way back belongs. */
interface Returning {
  readonly lane: Lane;
  readonly priority: number;
  /** Deliveries so far. */
  readonly attempts: number;
}

export interface RequeueingParts {
  readonly lanes: LaneBook;
  readonly heads: ReadyHeads;
  readonly positions: Sequence;
  readonly shard: number;
}

/** Tasks that come back: at the tail, later, or to the place they had. */
export class Requeueing {
  readonly #lanes: LaneBook;
  readonly #heads: ReadyHeads;
  readonly #positions: Sequence;
  readonly #shard: number;
  readonly #ready: Statement<unknown, [number, number, number, number, number]>;
  readonly #position: Statement<unknown, [number, number]>;
  readonly #delayed: Statement<unknown, [number, number, number, number, number, number]>;
  readonly #due: Statement<unknown, [number, number]>;
  readonly #undelay: Statement<unknown, [number]>;
  readonly #nextDue: Statement<{ due: number | null }, []>;

  constructor(db: StatementSet, { lanes, heads, positions, shard }: RequeueingParts) {
    this.#lanes = lanes;
    this.#heads = heads;
    this.#positions = positions;
    this.#shard = shard;
    this.#ready = db.prepare("INSERT INTO ready VALUES (?, ?, ?, ?, ?)");
    this.#position = db.prepare("INSERT INTO requeued VALUES (?, ?)");
    this.#delayed = db.prepare("INSERT INTO delayed VALUES (?, ?, ?, ?, ?, ?)");
    this.#due = db.prepare(
      "SELECT task, lane, priority, attempts FROM delayed WHERE due <= ? ORDER BY due, task LIMIT ?",
    );
    this.#undelay = db.prepare("DELETE FROM delayed WHERE task = ?");
    this.#nextDue = db.prepare("SELECT min(due) AS due FROM delayed");
  }

  /** To the tail of the lane. */
  append(task: number, { lane, priority, attempts }: Returning, now: number): void {
    const position = this.#positions.next(now);
    this.#position.run(task, position);
    this.#ready.run(lane.id, priority, position, task, attempts);
    this.#lanes.addReady(lane, priority, 1);
  }

  /** To where it was created, as if the last delivery had never been. */
  putBack(task: number, { lane, priority, attempts }: Returning): void {
    this.#heads.settle(lane, priority);
    this.#ready.run(lane.id, priority, task, task, attempts - 1);
    this.#lanes.addReady(lane, priority, 1);
  }

  delay(task: number, { lane, priority, attempts }: Returning, dueMs: number, now: number): void {
    this.#delayed.run(task, lane.id, priority, attempts, dueMs, now);
    this.#lanes.add(lane, "delayed", 1);
  }

  promote(limit: number, now: number): Sweep {
    const tally = new SweepTally(this.#shard);
    // Rows come as arrays, in the order of the columns asked for.
    for (const [task, laneId, priority, attempts] of this.#due.values(now, limit) as [
      number,
      number,
      number,
      number,
    ][]) {
      const lane = this.#lanes.byId(laneId);
      this.#undelay.run(task);
      this.#lanes.add(lane, "delayed", -1);
      this.append(task, { lane, priority, attempts }, now);
      tally.add(lane, task, { kind: "ready", command: lane.command });
    }
    return { lanes: tally.lanes, nextDueMs: this.#nextDue.get()?.due ?? undefined };
  }
}
