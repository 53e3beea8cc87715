import type { Statement } from "bun:sqlite";
import type { Journal, Unsettled } from "./journal.ts";
import { type Lane, type LaneBook, laneIdOf, priorityOf } from "./lane-book.ts";
import type { StatementSet } from "./statement-set.ts";

/** Tasks that were claimed together share it. */
export interface Lease {
  readonly lane: Lane;
  readonly priority: number;
  readonly attempts: number;
  readonly ends: number;
  /** When it was last given or moved. */
  readonly since: number;
  readonly worker: string;
}

/** What a lease costs, with its place among the others. */
const LEASE_BYTES = 150;
/** Leases that are about to end get rows together. */
const AHEAD_MS = 1000;

/** Leases that have no row but are in the journal, as many as there is room for: most are ended soon. */
export class HeldLeases {
  readonly #journal: Journal;
  readonly #countMax: number;
  readonly #insert: Statement<unknown, [number, number, number, number, number, number, string]>;
  readonly #leases = new Map<number, Lease>();
  /** The earliest end, if `#isExact`; otherwise none is earlier. */
  #firstEnd = Number.POSITIVE_INFINITY;
  #isExact = true;

  constructor(db: StatementSet, journal: Journal, bytesMax: number) {
    this.#journal = journal;
    this.#countMax = Math.floor(bytesMax / LEASE_BYTES);
    this.#insert = db.prepare("INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?)");
  }

  get(task: number): Lease | undefined {
    return this.#leases.get(task);
  }

  /** A new lease; it gets a row if there is no room for it here. */
  add(task: number, lease: Lease): void {
    if (this.#leases.size < this.#countMax) this.#hold(task, lease);
    else this.#write(task, lease);
  }

  /** False if it is not here. */
  move(task: number, ends: number, since: number): boolean {
    const lease = this.#leases.get(task);
    if (lease === undefined) return false;
    this.#gone(lease);
    this.#hold(task, { ...lease, ends, since });
    return true;
  }

  /** False if it is not here. The journal has to be told why it is over. */
  end(task: number): boolean {
    const lease = this.#leases.get(task);
    if (lease === undefined) return false;
    this.#leases.delete(task);
    this.#gone(lease);
    return true;
  }

  /** Gives rows to those that are over, and to those that soon will be. */
  writeDue(now: number): void {
    if (this.#firstEnd > now) return;
    for (const [task, lease] of this.#leases) {
      if (lease.ends > now + AHEAD_MS) continue;
      this.#leases.delete(task);
      this.#journal.ended(task);
      this.#write(task, lease);
    }
    this.#isExact = false;
  }

  /** The earliest end; undefined when there is none. */
  firstEnd(): number | undefined {
    if (!this.#isExact) {
      this.#firstEnd = Number.POSITIVE_INFINITY;
      for (const { ends } of this.#leases.values()) this.#firstEnd = Math.min(this.#firstEnd, ends);
      this.#isExact = true;
    }
    return this.#leases.size === 0 ? undefined : this.#firstEnd;
  }

  /** Into a journal that has been begun anew. */
  record(): void {
    for (const [task, lease] of this.#leases) this.#journal.leased(task, lease);
  }

  /** As the journal has them. */
  load({ leases }: Unsettled, lanes: LaneBook): void {
    this.#leases.clear();
    for (const [task, { place, ...lease }] of leases) {
      this.#leases.set(task, { ...lease, lane: lanes.byId(laneIdOf(place)), priority: priorityOf(place) });
    }
    this.#firstEnd = Number.NEGATIVE_INFINITY;
    this.#isExact = false;
  }

  #hold(task: number, lease: Lease): void {
    this.#leases.set(task, lease);
    this.#firstEnd = Math.min(this.#firstEnd, lease.ends);
    this.#journal.leased(task, lease);
  }

  #gone({ ends }: Lease): void {
    if (ends === this.#firstEnd) this.#isExact = false;
  }

  #write(task: number, { lane, priority, attempts, ends, since, worker }: Lease): void {
    this.#insert.run(task, lane.id, priority, attempts, ends, since, worker);
  }
}
