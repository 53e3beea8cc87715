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
import type { FinishLog } from "./finish-log.ts";
import type { HeldLeases, Lease } from "./held-leases.ts";
import type { Journal } from "./journal.ts";
import type { LaneBook } from "./lane-book.ts";
import type { Requeueing } from "./requeueing.ts";
import type { RowInserts } from "./row-inserts.ts";
import type { StatementSet } from "./statement-set.ts";
import { SweepTally } from "./sweep-tally.ts";
import { DONE_STATES, type TaskReader } from "./task-reader.ts";

type LeaseColumns = readonly [
  lane: number,
  priority: number,
  attempts: number,
  ends: number,
  since: number,
  worker: string,
];

export interface LeasingParts {
  readonly lanes: LaneBook;
  readonly journal: Journal;
  readonly leases: HeldLeases;
  readonly reader: TaskReader;
  readonly requeueing: Requeueing;
  readonly log: FinishLog;
  readonly done: RowInserts;
  readonly shard: number;
}

/** What happens to a task while a worker holds it, and how that ends. */
export class Leasing {
  readonly #lanes: LaneBook;
  readonly #journal: Journal;
  readonly #leases: HeldLeases;
  readonly #reader: TaskReader;
  readonly #requeueing: Requeueing;
  readonly #log: FinishLog;
  readonly #shard: number;
  readonly #lease: Statement<unknown, [number]>;
  readonly #end: Statement<unknown, [number]>;
  readonly #move: Statement<unknown, [number, number, number]>;
  readonly #done: RowInserts;
  readonly #failed: Statement<unknown, [number, number, number, number, number, string | null, string]>;
  readonly #ended: Statement<unknown, [number, number]>;
  readonly #nextEnd: Statement<{ ends: number | null }, []>;

  constructor(db: StatementSet, { lanes, journal, leases, reader, requeueing, log, done, shard }: LeasingParts) {
    this.#lanes = lanes;
    this.#journal = journal;
    this.#leases = leases;
    this.#log = log;
    this.#reader = reader;
    this.#requeueing = requeueing;
    this.#shard = shard;
    const columns = "lane, priority, attempts, ends, since, worker";
    this.#lease = db.prepare(`SELECT ${columns} FROM lease WHERE task = ?`);
    this.#end = db.prepare("DELETE FROM lease WHERE task = ?");
    this.#move = db.prepare("UPDATE lease SET ends = ?, since = ? WHERE task = ?");
    this.#done = done;
    this.#failed = db.prepare("INSERT INTO done VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#ended = db.prepare(`SELECT task, ${columns} FROM lease WHERE ends <= ? ORDER BY ends, task LIMIT ?`);
    this.#nextEnd = db.prepare("SELECT min(ends) AS ends FROM lease");
  }

  extend(item: Extension, now: number): LeaseOutcome<Accepted> {
    const lease = this.#heldBy(item, "not-owner");
    if ("kind" in lease) return lease;
    const task = item.key.sequence;
    if (!this.#leases.move(task, item.leaseUntilMs, now)) {
      this.#move.run(item.leaseUntilMs, now, task);
      this.#journal.count();
    }
    return { kind: "accepted" };
  }

  complete(items: readonly Completion[], now: number): LeaseOutcome<Finished>[] {
    const outcomes: LeaseOutcome<Finished>[] = [];
    // Most are of one command, and have it in common.
    let finished: Finished | undefined;
    for (const item of items) {
      const lease = this.#heldBy(item, "not-in-progress");
      if ("kind" in lease) {
        outcomes.push(lease);
        continue;
      }
      const task = item.key.sequence;
      this.#finish(task, lease, item.state, item.result, item.state === "failed" ? item.error : undefined, now);
      const { command } = lease.lane;
      if (finished?.command !== command) finished = { kind: "finished", command };
      outcomes.push(finished);
    }
    return outcomes;
  }

  release(item: Release, rule: RetryRule, now: number): LeaseOutcome<Released> {
    const lease = this.#heldBy(item, "not-owner");
    if ("kind" in lease) return lease;
    const task = item.key.sequence;
    switch (item.kind) {
      case "nack":
        return this.#retry(task, lease, item.delayMs, item.reason ?? "MAX_ATTEMPTS", rule, now);
      case "abandon":
        return this.#requeue(task, lease, now);
      case "return":
        this.#drop(task, lease);
        this.#requeueing.putBack(task, lease);
        return { kind: "ready", command: lease.lane.command };
    }
  }

  expire(limit: number, rule: RetryRule, now: number): Sweep {
    const tally = new SweepTally(this.#shard);
    this.#leases.writeDue(now);
    // Rows come as arrays, in the order of the columns asked for.
    for (const [task, ...columns] of this.#ended.values(now, limit) as unknown as [number, ...LeaseColumns][]) {
      const lease = this.#leaseOf(columns);
      tally.add(lease.lane, task, this.#retry(task, lease, undefined, "LEASE_EXPIRED", rule, now));
    }
    const ends = [this.#nextEnd.get()?.ends ?? undefined, this.#leases.firstEnd()].filter((end) => end !== undefined);
    return { lanes: tally.lanes, nextDueMs: ends.length === 0 ? undefined : Math.min(...ends) };
  }

  #heldBy({ key, tenant, worker }: LeaseHolder, unheld: "not-owner" | "not-in-progress"): Lease | LeaseRefusal {
    const lease = this.#leases.get(key.sequence) ?? this.#read(key.sequence);
    if (lease === undefined) {
      return { kind: this.#reader.laneOf(tenant, key.sequence) === undefined ? "not-found" : unheld };
    }
    if (lease.lane.tenant !== tenant) return { kind: "not-found" };
    return lease.worker === worker ? lease : { kind: "not-owner" };
  }

  #read(task: number): Lease | undefined {
    const [columns] = this.#lease.values(task) as unknown as LeaseColumns[];
    return columns === undefined ? undefined : this.#leaseOf(columns);
  }

  #leaseOf([lane, priority, attempts, ends, since, worker]: LeaseColumns): Lease {
    return { lane: this.#lanes.byId(lane), priority, attempts, ends, since, worker };
  }

  #retry(
    task: number,
    lease: Lease,
    delayMs: number | undefined,
    reason: string,
    rule: RetryRule,
    now: number,
  ): Released {
    const { lane, attempts } = lease;
    const maxAttempts = this.#reader.maxAttempts(task);
    const retry = retryAfterFailure({ sequence: task, attempts, maxAttempts }, delayMs, rule);
    switch (retry.to) {
      case "dead":
        this.#finish(task, lease, "dead", undefined, reason, now);
        return { kind: "dead", command: lane.command };
      case "ready":
        return this.#requeue(task, lease, now);
      case "delayed": {
        const dueMs = now + retry.delayMs;
        this.#drop(task, lease);
        this.#requeueing.delay(task, lease, dueMs, now);
        return { kind: "delayed", command: lane.command, dueMs };
      }
    }
  }

  #requeue(task: number, lease: Lease, now: number): Released {
    this.#drop(task, lease);
    this.#requeueing.append(task, lease, now);
    return { kind: "ready", command: lease.lane.command };
  }

  #finish(
    task: number,
    { lane, attempts }: Lease,
    state: (typeof DONE_STATES)[number],
    result: string | undefined,
    error: string | undefined,
    now: number,
  ): void {
    if (!this.#leases.end(task)) this.#endRow(task);
    const stateNumber = DONE_STATES.indexOf(state);
    if (error === undefined) this.#done.add(lane.id, stateNumber, attempts, now).push(task, result ?? null);
    else this.#failed.run(task, lane.id, stateNumber, attempts, now, result ?? null, error);
    this.#log.add(lane, task, now);
    this.#lanes.add(lane, "leased", -1);
    this.#lanes.add(lane, state, 1);
  }

  /** Ends a lease; the task goes somewhere else. */
  #drop(task: number, { lane }: Lease): void {
    if (this.#leases.end(task)) this.#journal.ended(task);
    else this.#endRow(task);
    this.#lanes.add(lane, "leased", -1);
  }

  #endRow(task: number): void {
    const { changes } = this.#end.run(task);
    assert(changes === 1, `task ${task} was leased`);
  }
}
