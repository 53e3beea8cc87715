import type { Statement } from "bun:sqlite";
import { type RetryRule, retryAfterFailure } from "../../queue/lifecycle.ts";
import type {
  Accepted,
  Completion,
  Extension,
  Finished,
  LeaseHolder,
  LeaseOutcome,
  LeaseRefusal,
  Release,
  Released,
  Sweep,
} from "../../queue/store.ts";
import { sequenceMs } from "../../queue/task-id.ts";
import type { FinishLog } from "./finish-log.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { Requeueing } from "./requeueing.ts";
import type { StatementSet } from "./statement-set.ts";
import { SweepTally } from "./sweep-tally.ts";
import { DONE_STATES, type TaskReader } from "./task-reader.ts";

interface Lease {
  readonly task: number;
  readonly lane: Lane;
  readonly priority: number;
  readonly attempts: number;
}

type LeaseRow = readonly [task: number, lane: number, priority: number, attempts: number, worker: string];
type DoneRow = [number, number, number, number, number, string | null, string | null];

export interface LeasingParts {
  readonly lanes: LaneBook;
  readonly reader: TaskReader;
  readonly requeueing: Requeueing;
  readonly log: FinishLog;
  readonly shard: number;
}

/** What happens to a task while a worker holds it, and how that ends. */
export class Leasing {
  readonly #lanes: LaneBook;
  readonly #reader: TaskReader;
  readonly #requeueing: Requeueing;
  readonly #log: FinishLog;
  readonly #shard: number;
  readonly #lease: Statement<unknown, [number]>;
  readonly #end: Statement<unknown, [number]>;
  readonly #neighbours: Statement<unknown, [number, number, number]>;
  readonly #endRange: Statement<unknown, [number, number]>;
  readonly #move: Statement<unknown, [number, number, number]>;
  readonly #done: Statement<unknown, DoneRow>;
  readonly #maxAttempts: Statement<{ max_attempts: number }, [number]>;
  readonly #ended: Statement<unknown, [number, number]>;
  readonly #nextEnd: Statement<{ ends: number | null }, []>;

  constructor(db: StatementSet, { lanes, reader, requeueing, log, shard }: LeasingParts) {
    this.#lanes = lanes;
    this.#log = log;
    this.#reader = reader;
    this.#requeueing = requeueing;
    this.#shard = shard;
    const columns = "task, lane, priority, attempts, worker";
    this.#lease = db.prepare(`SELECT ${columns} FROM lease WHERE task = ?`);
    this.#end = db.prepare("DELETE FROM lease WHERE task = ?");
    this.#neighbours = db.prepare(`SELECT ${columns} FROM lease WHERE task BETWEEN ? AND ? ORDER BY task LIMIT ?`);
    this.#endRange = db.prepare("DELETE FROM lease WHERE task BETWEEN ? AND ?");
    this.#move = db.prepare("UPDATE lease SET ends = ?, since = ? WHERE task = ?");
    this.#done = db.prepare("INSERT INTO done VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#maxAttempts = db.prepare("SELECT max_attempts FROM task WHERE id = ?");
    this.#ended = db.prepare(`SELECT ${columns} FROM lease WHERE ends <= ? ORDER BY ends, task LIMIT ?`);
    this.#nextEnd = db.prepare("SELECT min(ends) AS ends FROM lease");
  }

  extend(item: Extension, now: number): LeaseOutcome<Accepted> {
    const lease = this.#heldBy(item, "not-owner");
    if ("kind" in lease) return lease;
    this.#move.run(item.leaseUntilMs, now, lease.task);
    return { kind: "accepted" };
  }

  complete(items: readonly Completion[], now: number): LeaseOutcome<Finished>[] {
    const together = this.#endTogether(items);
    return items.map((item, index) => {
      const lease = together?.[index] ?? this.#heldBy(item, "not-in-progress");
      if ("kind" in lease) return lease;
      if (together === undefined) this.#end.run(lease.task);
      this.#finish(lease, item.state, item.result, item.state === "failed" ? item.error : undefined, now);
      return { kind: "finished", command: lease.lane.command, createdMs: sequenceMs(lease.task) };
    });
  }

  release(item: Release, rule: RetryRule, now: number): LeaseOutcome<Released> {
    const lease = this.#heldBy(item, "not-owner");
    if ("kind" in lease) return lease;
    switch (item.kind) {
      case "nack":
        return this.#retry(lease, item.delayMs, item.reason ?? "MAX_ATTEMPTS", rule, now);
      case "abandon":
        return this.#requeue(lease, now);
      case "return":
        this.#drop(lease);
        this.#requeueing.putBack(lease);
        return { kind: "ready", command: lease.lane.command };
    }
  }

  expire(limit: number, rule: RetryRule, now: number): Sweep {
    const tally = new SweepTally(this.#shard);
    for (const row of this.#ended.values(now, limit) as unknown as LeaseRow[]) {
      const lease = this.#leaseOf(row);
      tally.add(lease.lane, lease.task, this.#retry(lease, undefined, "LEASE_EXPIRED", rule, now));
    }
    return { lanes: tally.lanes, nextDueMs: this.#nextEnd.get()?.ends ?? undefined };
  }

  #heldBy(holder: LeaseHolder, unheld: "not-owner" | "not-in-progress"): Lease | LeaseRefusal {
    // Rows come as arrays, in the order of the columns asked for.
    const [row] = this.#lease.values(holder.key.sequence) as unknown as LeaseRow[];
    if (row === undefined) {
      const lane = this.#reader.laneOf(holder.tenant, holder.key.sequence);
      return { kind: lane === undefined ? "not-found" : unheld };
    }
    const lease = this.#leaseOf(row);
    if (lease.lane.tenant !== holder.tenant) return { kind: "not-found" };
    return row[4] === holder.worker ? lease : { kind: "not-owner" };
  }

  /**
   * Ends the leases of a whole batch at once, when they are neighbours in the lease table and all hold, as they mostly do
   * for tasks that were claimed together. Otherwise nothing is changed and each has to be looked at by itself.
   */
  #endTogether(items: readonly Completion[]): readonly Lease[] | undefined {
    const first = items[0]?.key.sequence;
    const last = items.at(-1)?.key.sequence;
    if (first === undefined || last === undefined || items.length === 1) return undefined;
    // A neighbour that does not belong to the batch takes the place of one that does, and is seen by that.
    const rows = this.#neighbours.values(first, last, items.length) as unknown as LeaseRow[];
    const leases: Lease[] = [];
    for (const [index, { key, worker, tenant }] of items.entries()) {
      const row = rows[index];
      if (row === undefined || row[0] !== key.sequence || row[4] !== worker) return undefined;
      const lease = this.#leaseOf(row);
      if (lease.lane.tenant !== tenant) return undefined;
      leases.push(lease);
    }
    this.#endRange.run(first, last);
    return leases;
  }

  #leaseOf([task, lane, priority, attempts]: LeaseRow): Lease {
    return { task, lane: this.#lanes.byId(lane), priority, attempts };
  }

  #retry(lease: Lease, delayMs: number | undefined, reason: string, rule: RetryRule, now: number): Released {
    const { task, lane, attempts } = lease;
    const maxAttempts = this.#maxAttempts.get(task)?.max_attempts ?? 0;
    const retry = retryAfterFailure({ sequence: task, attempts, maxAttempts }, delayMs, rule);
    switch (retry.to) {
      case "dead":
        this.#end.run(task);
        this.#finish(lease, "dead", undefined, reason, now);
        return { kind: "dead", command: lane.command, createdMs: sequenceMs(task) };
      case "ready":
        return this.#requeue(lease, now);
      case "delayed": {
        const dueMs = now + retry.delayMs;
        this.#drop(lease);
        this.#requeueing.delay(lease, dueMs, now);
        return { kind: "delayed", command: lane.command, dueMs };
      }
    }
  }

  #requeue(lease: Lease, now: number): Released {
    this.#drop(lease);
    this.#requeueing.append(lease, now);
    return { kind: "ready", command: lease.lane.command };
  }

  /** What is left to do for a task whose lease has been ended. */
  #finish(
    lease: Lease,
    state: (typeof DONE_STATES)[number],
    result: string | undefined,
    error: string | undefined,
    now: number,
  ): void {
    const { task, lane, attempts } = lease;
    this.#done.run(task, lane.id, DONE_STATES.indexOf(state), attempts, now, result ?? null, error ?? null);
    this.#log.add(lane, task, now);
    this.#lanes.add(lane, "leased", -1);
    this.#lanes.add(lane, state, 1);
  }

  #drop(lease: Lease): void {
    this.#end.run(lease.task);
    this.#lanes.add(lease.lane, "leased", -1);
  }
}
