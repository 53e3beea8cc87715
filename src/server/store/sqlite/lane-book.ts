import type { Statement } from "bun:sqlite";
import { assert, CodeqError } from "../../queue/errors.ts";
import type { LaneChoice, LaneStats, ReadyCounts, StatsFilter } from "../../queue/store.ts";
import { foldCommand, PRIORITY_MAX } from "../../queue/task.ts";
import type { Journal, Unsettled } from "./journal.ts";
import type { StatementSet } from "./statement-set.ts";

/** One command of one tenant. Counts are changed through LaneBook alone, which writes them down. */
export interface Lane {
  readonly id: number;
  readonly tenant: string;
  /** As first spelled. */
  readonly command: string;
  readonly fold: string;
  readonly ready: number[];
  readonly counts: Record<LaneCount, number>;
  /** Has no row yet. */
  isNew: boolean;
}

const COUNTS = ["delayed", "leased", "completed", "failed", "dead"] as const;
export type LaneCount = (typeof COUNTS)[number];

/** How many numbers `countsOf` gives. */
export const LANE_COUNTS = PRIORITY_MAX + 1 + COUNTS.length;

/** In the order of the table's columns. */
export function countsOf({ ready, counts }: Lane): number[] {
  return [...ready, ...COUNTS.map((name) => counts[name])];
}

/** A lane and a priority as one number. */
export type Place = number;

export function placeOf(lane: Lane, priority: number): Place {
  return lane.id * (PRIORITY_MAX + 1) + priority;
}

export function laneIdOf(place: Place): number {
  return Math.floor(place / (PRIORITY_MAX + 1));
}

export function priorityOf(place: Place): number {
  return place % (PRIORITY_MAX + 1);
}

/** So many tasks of one lane at one priority. */
export interface Portion {
  readonly lane: Lane;
  readonly priority: number;
  readonly count: number;
}

interface TenantLanes {
  readonly byFold: Map<string, Lane>;
  /** By priority: the lanes that have ready tasks, by id. */
  readonly ready: Lane[][];
}

type LaneRow = readonly [id: number, tenant: string, command: string, ...counts: number[]];

/**
 * The lanes of a shard and their counts, mirrored in memory: what a claim can get is known without asking SQLite.
 * Changes go to the journal by `save` inside the transaction that makes them, and to the table now and then; after a
 * rollback `load` takes both back.
 */
export class LaneBook {
  readonly #read: Statement<LaneRow, []>;
  readonly #write: Statement<unknown, (number | string)[]>;
  readonly #erase: Statement<unknown, [number]>;
  readonly #byId = new Map<number, Lane>();
  readonly #tenants = new Map<string, TenantLanes>();
  readonly #journal: Journal;
  readonly #changed = new Set<Lane>();
  /** Whose row is missing or behind the journal. */
  readonly #unwritten = new Set<Lane>();
  readonly #lanesMax: number;
  #lastId = 0;
  #lastFound: Lane | undefined;
  /** Known to be among the changed. */
  #lastTouched: Lane | undefined;

  constructor(db: StatementSet, journal: Journal, lanesMax: number) {
    this.#journal = journal;
    this.#lanesMax = lanesMax;
    const slots = Array.from({ length: 3 + LANE_COUNTS }, () => "?").join(", ");
    this.#read = db.prepare("SELECT * FROM lane ORDER BY id");
    this.#write = db.prepare(`INSERT OR REPLACE INTO lane VALUES (${slots})`);
    this.#erase = db.prepare("DELETE FROM lane WHERE id = ?");
  }

  load(unsettled: Unsettled): void {
    this.#byId.clear();
    this.#tenants.clear();
    this.#unwritten.clear();
    this.#lastFound = undefined;
    this.#lastId = 0;
    // Rows come as arrays, in the order of the table's columns.
    for (const row of this.#read.values() as unknown as LaneRow[]) {
      const [id, tenant, command, ...written] = row;
      const lane = this.#add(id, tenant, command);
      lane.isNew = false;
      const journaled = unsettled.counts.get(id);
      if (journaled !== undefined) this.#unwritten.add(lane);
      const counts = journaled ?? written;
      for (const [index, name] of COUNTS.entries()) lane.counts[name] = counts[PRIORITY_MAX + 1 + index] ?? 0;
      for (let priority = 0; priority <= PRIORITY_MAX; priority += 1) {
        this.addReady(lane, priority, counts[priority] ?? 0);
      }
    }
    this.#unchanged();
  }

  /** Puts what changed since the last time into the journal; a lane without tasks is forgotten. */
  save(): void {
    for (const lane of this.#changed) {
      if (countsOf(lane).some(Boolean)) {
        // The journal does not say whose lane it is.
        if (lane.isNew) this.#writeOne(lane);
        this.#journal.counts(lane);
        this.#unwritten.add(lane);
      } else {
        this.#erase.run(lane.id);
        this.#journal.count();
        this.#forget(lane);
      }
    }
    this.#unchanged();
  }

  /** Puts into the table what the journal has, after `save`. */
  settle(): void {
    for (const lane of this.#unwritten) this.#writeOne(lane);
    this.#unwritten.clear();
  }

  /**
   * The lane, made if there was none; undefined when the tenant has as many as it may: it must leave as many free as it
   * has, so that however many one tenant makes, there is room for the next.
   */
  open(tenant: string, command: string): Lane | undefined {
    const known = this.find(tenant, command);
    if (known !== undefined) return known;
    const own = this.#tenants.get(tenant)?.byFold.size ?? 0;
    if (own >= this.#lanesMax - this.#byId.size) return undefined;
    return this.#add(this.#lastId + 1, tenant, command);
  }

  find(tenant: string, command: string): Lane | undefined {
    // Mostly it is the one that was asked for before.
    const last = this.#lastFound;
    if (last !== undefined && last.command === command && last.tenant === tenant) return last;
    this.#lastFound = this.#tenants.get(tenant)?.byFold.get(foldCommand(command));
    return this.#lastFound;
  }

  byId(id: number): Lane {
    const lane = this.#byId.get(id);
    assert(lane !== undefined, `lane ${id} has tasks but no row`);
    return lane;
  }

  addReady(lane: Lane, priority: number, count: number): void {
    const before = lane.ready[priority] ?? 0;
    const after = before + count;
    if (after < 0) throw miscounted(lane, `ready tasks at priority ${priority}`, after);
    lane.ready[priority] = after;
    this.#touch(lane);
    if (before === 0 && after > 0) include(this.#readyLanes(lane.tenant, priority), lane);
    else if (before > 0 && after === 0) exclude(this.#readyLanes(lane.tenant, priority), lane);
  }

  add(lane: Lane, what: LaneCount, count: number): void {
    const after = lane.counts[what] + count;
    if (after < 0) throw miscounted(lane, `${what} tasks`, after);
    lane.counts[what] = after;
    this.#touch(lane);
  }

  /** Where the next `count` tasks of this choice lie, highest priority first. */
  plan(choice: LaneChoice, count: number, rotation: number): Portion[] {
    const tenant = this.#tenants.get(choice.tenant);
    const portions: Portion[] = [];
    if (tenant === undefined) return portions;
    const named = choice.commands === undefined ? undefined : this.#named(tenant, choice.commands);
    let missing = count;
    for (let priority = PRIORITY_MAX; priority >= 0 && missing > 0; priority -= 1) {
      const all = tenant.ready[priority] ?? [];
      if (all.length === 0) continue;
      const lanes = named === undefined ? all : withReady(named, priority);
      for (let turn = 0; turn < lanes.length && missing > 0; turn += 1) {
        const lane = lanes[(rotation + turn) % lanes.length];
        assert(lane !== undefined, "a lane's turn is within the lanes");
        const portion = Math.min(missing, lane.ready[priority] ?? 0);
        portions.push({ lane, priority, count: portion });
        missing -= portion;
      }
    }
    return portions;
  }

  readyCounts(choice: LaneChoice): ReadyCounts {
    const sums = noneReady();
    const tenant = this.#tenants.get(choice.tenant);
    if (tenant === undefined) return sums;
    const lanes = choice.commands === undefined ? tenant.byFold.values() : this.#named(tenant, choice.commands);
    for (const lane of lanes)
      for (const [priority, count] of lane.ready.entries()) sums[priority] = (sums[priority] ?? 0) + count;
    return sums;
  }

  stats(filter: StatsFilter): LaneStats[] {
    const fold = filter.command === undefined ? undefined : foldCommand(filter.command);
    const lanes =
      filter.tenant === undefined ? this.#byId.values() : (this.#tenants.get(filter.tenant)?.byFold.values() ?? []);
    const found: LaneStats[] = [];
    for (const lane of lanes) {
      if (fold !== undefined && lane.fold !== fold) continue;
      found.push({ tenant: lane.tenant, command: lane.command, ready: [...lane.ready], ...lane.counts });
    }
    return found;
  }

  /** How many of a tenant's tasks are finished, one way or another. */
  finished(tenant: string): number {
    let sum = 0;
    for (const { counts } of this.#tenants.get(tenant)?.byFold.values() ?? []) {
      sum += counts.completed + counts.failed + counts.dead;
    }
    return sum;
  }

  /** True when no lane has anything. */
  get empty(): boolean {
    return this.#byId.size === 0;
  }

  #named(tenant: TenantLanes, commands: readonly string[]): Lane[] {
    const lanes = new Set<Lane>();
    for (const command of commands) {
      const lane = tenant.byFold.get(foldCommand(command));
      if (lane !== undefined) lanes.add(lane);
    }
    return [...lanes];
  }

  #add(id: number, tenant: string, command: string): Lane {
    const counts = { delayed: 0, leased: 0, completed: 0, failed: 0, dead: 0 };
    const lane: Lane = { id, tenant, command, fold: foldCommand(command), ready: noneReady(), counts, isNew: true };
    const lanes = this.#tenants.get(tenant) ?? { byFold: new Map(), ready: noneReady().map(() => []) };
    lanes.byFold.set(lane.fold, lane);
    this.#tenants.set(tenant, lanes);
    this.#byId.set(id, lane);
    this.#lastId = Math.max(this.#lastId, id);
    return lane;
  }

  #writeOne(lane: Lane): void {
    this.#write.run(lane.id, lane.tenant, lane.command, ...countsOf(lane));
    lane.isNew = false;
  }

  #unchanged(): void {
    this.#changed.clear();
    this.#lastTouched = undefined;
  }

  #touch(lane: Lane): void {
    if (lane === this.#lastTouched) return;
    this.#lastTouched = lane;
    this.#changed.add(lane);
  }

  #forget(lane: Lane): void {
    this.#lastFound = undefined;
    this.#byId.delete(lane.id);
    this.#unwritten.delete(lane);
    const tenant = this.#tenants.get(lane.tenant);
    tenant?.byFold.delete(lane.fold);
    if (tenant?.byFold.size === 0) this.#tenants.delete(lane.tenant);
  }

  #readyLanes(tenant: string, priority: number): Lane[] {
    const lanes = this.#tenants.get(tenant)?.ready[priority];
    assert(lanes !== undefined, `tenant of a lane is known, and so is priority ${priority}`);
    return lanes;
  }
}

/** Apart from where it is called, where each priority would be kept on the heap for its sake. */
function withReady(lanes: readonly Lane[], priority: number): Lane[] {
  return lanes.filter((lane) => (lane.ready[priority] ?? 0) > 0);
}

function miscounted(lane: Lane, what: string, count: number): CodeqError {
  return new CodeqError("INTERNAL", `lane ${lane.id} counts ${count} ${what}`);
}

function noneReady(): number[] {
  return Array.from({ length: PRIORITY_MAX + 1 }, () => 0);
}

function include(lanes: Lane[], lane: Lane): void {
  lanes.splice(indexFor(lanes, lane), 0, lane);
}

function exclude(lanes: Lane[], lane: Lane): void {
  lanes.splice(indexFor(lanes, lane), 1);
}

/** Where the lane is in the list, or belongs: binary search by id. */
function indexFor(lanes: readonly Lane[], lane: Lane): number {
  let low = 0;
  let high = lanes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lanes[middle]?.id ?? 0) < lane.id) low = middle + 1;
    else high = middle;
  }
  return low;
}
