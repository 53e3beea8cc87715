import type { Statement } from "bun:sqlite";
import { assert } from "../../queue/errors.ts";
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
import type { HeldLeases, Lease } from "./held-leases.ts";
import type { LaneBook } from "./lane-book.ts";
import type { Requeueing } from "./requeueing.ts";
import { RowInserts } from "./row-inserts.ts";
import type { StatementSet } from "./statement-set.ts";
import { SweepTally } from "./sweep-tally.ts";
import { DONE_STATES, type TaskReader } from "./task-reader.ts";

type LeaseRow = readonly [task: number, lane: number, priority: number, attempts: number, worker: string];

export interface LeasingParts {
  readonly lanes: LaneBook;
  readonly leases: HeldLeases;
  readonly reader: TaskReader;
  readonly requeueing: Requeueing;
  readonly log: FinishLog;
  readonly shard: number;
}

/** What happens to a task while a worker holds it, and how that ends. */
export class Leasing {
  readonly #lanes: LaneBook;
  readonly #leases: HeldLeases;
  readonly #reader: TaskReader;
  readonly #requeueing: Requeueing;
  readonly #log: FinishLog;
  readonly #shard: number;
  readonly #lease: Statement<unknown, [number]>;
  readonly #end: Statement<unknown, [number, number]>;
  readonly #move: Statement<unknown, [number, number, number]>;
  readonly #done: RowInserts;
  readonly #maxAttempts: Statement<{ max_attempts: number }, [number]>;
  readonly #ended: Statement<unknown, [number, number]>;
  readonly #nextEnd: Statement<{ ends: number | null }, []>;

  constructor(db: StatementSet, { lanes, leases, reader, requeueing, log, shard }: LeasingParts) {
    this.#lanes = lanes;
    this.#leases = leases;
    this.#log = log;
    this.#reader = reader;
    this.#requeueing = requeueing;
    this.#shard = shard;
    const columns = "task, lane, priority, attempts, worker";
    this.#lease = db.prepare(`SELECT ${columns} FROM lease WHERE task = ?`);
    this.#end = db.prepare("DELETE FROM lease WHERE task BETWEEN ? AND ?");
    this.#move = db.prepare("UPDATE lease SET ends = ?, since = ? WHERE task = ?");
    this.#done = new RowInserts(db, "done", 7);
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
    const outcomes: LeaseOutcome<Finished>[] = [];
    // Leases of tasks with consecutive numbers end in one statement: nothing else can lie between them.
    let first = 0;
    let last = -1;
    for (const item of items) {
      const copied = this.#copyHeldBy(item);
      // What is read has to show what was done before.
      if (copied === undefined || copied.task !== last + 1) {
        this.#endRange(first, last);
        last = -1;
      }
      const lease = copied ?? this.#readHeldBy(item, "not-in-progress");
      if ("kind" in lease) {
        outcomes.push(lease);
        continue;
      }
      const { task, lane } = lease;
      this.#leases.delete(task);
      if (last < 0) first = task;
      last = task;
      this.#finish(lease, item.state, item.result, item.state === "failed" ? item.error : undefined, now);
      outcomes.push({ kind: "finished", command: lane.command, createdMs: sequenceMs(task) });
    }
    this.#endRange(first, last);
    this.#done.flush();
    return outcomes;
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

  /** To be called when the transaction is undone. */
  forget(): void {
    this.#done.forget();
  }

  #heldBy(holder: LeaseHolder, unheld: "not-owner" | "not-in-progress"): Lease | LeaseRefusal {
    return this.#copyHeldBy(holder) ?? this.#readHeldBy(holder, unheld);
  }

  #readHeldBy(holder: LeaseHolder, unheld: "not-owner" | "not-in-progress"): Lease | LeaseRefusal {
    // Rows come as arrays, in the order of the columns asked for.
    const [row] = this.#lease.values(holder.key.sequence) as unknown as LeaseRow[];
    if (row === undefined) {
      const lane = this.#reader.laneOf(holder.tenant, holder.key.sequence);
      return { kind: lane === undefined ? "not-found" : unheld };
    }
    const lease = this.#leaseOf(row);
    if (lease.lane.tenant !== holder.tenant) return { kind: "not-found" };
    return lease.worker === holder.worker ? lease : { kind: "not-owner" };
  }

  #copyHeldBy({ key, tenant, worker }: LeaseHolder): Lease | undefined {
    const lease = this.#leases.get(key.sequence);
    return lease?.worker === worker && lease.lane.tenant === tenant ? lease : undefined;
  }

  /** Ends the leases of all tasks in a range, which are copied no more. */
  #endRange(first: number, last: number): void {
    if (last < first) return;
    const { changes } = this.#end.run(first, last);
    assert(changes === last - first + 1, `${changes} tasks from ${first} to ${last} were leased, not all`);
  }

  #endOne(task: number): void {
    this.#leases.delete(task);
    this.#endRange(task, task);
  }

  #leaseOf([task, lane, priority, attempts, worker]: LeaseRow): Lease {
    return { task, lane: this.#lanes.byId(lane), priority, attempts, worker };
  }

  #retry(lease: Lease, delayMs: number | undefined, reason: string, rule: RetryRule, now: number): Released {
    const { task, lane, attempts } = lease;
    const maxAttempts = this.#maxAttempts.get(task)?.max_attempts ?? 0;
    const retry = retryAfterFailure({ sequence: task, attempts, maxAttempts }, delayMs, rule);
    switch (retry.to) {
      case "dead":
        this.#endOne(task);
        this.#finish(lease, "dead", undefined, reason, now);
        this.#done.flush();
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
    const { values } = this.#done;
    let column = this.#done.add();
    values[column++] = task;
    values[column++] = lane.id;
    values[column++] = DONE_STATES.indexOf(state);
    values[column++] = attempts;
    values[column++] = now;
    values[column++] = result ?? null;
    values[column++] = error ?? null;
    this.#log.add(lane, task, now);
    this.#lanes.add(lane, "leased", -1);
    this.#lanes.add(lane, state, 1);
  }

  #drop(lease: Lease): void {
    this.#endOne(lease.task);
    this.#lanes.add(lease.lane, "leased", -1);
  }
}
