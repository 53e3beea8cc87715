import type { Statement } from "bun:sqlite";
import { assert } from "../../queue/errors.ts";
import type { Task, TaskKey } from "../../queue/task.ts";
import { sequenceMs } from "../../queue/task-id.ts";
import { type Fixed, type Progress, taskOf } from "../../queue/whole-task.ts";
import type { HeldLeases } from "./held-leases.ts";
import type { IdempotencyKeys } from "./idempotency-keys.ts";
import type { Lane, LaneBook } from "./lane-book.ts";
import type { RowInserts } from "./row-inserts.ts";
import type { StatementSet } from "./statement-set.ts";
import type { TaskRows } from "./task-rows.ts";
import { traceOf } from "./trace-text.ts";

/** The fixed part of a task, as selected by TASK_COLUMNS. */
export type TaskColumns = readonly [
  priority: number,
  maxAttempts: number,
  command: string | null,
  payload: string,
  webhook: string | null,
  trace: string | null,
];

/** To be selected from `task` under the alias t. */
const TASK_COLUMNS = "t.priority, t.max_attempts, t.command, t.payload, t.webhook, t.trace";

/** States of finished tasks as numbered in the file. */
export const DONE_STATES = ["completed", "failed", "dead"] as const;

/** The part that never changes, of a row. */
export function fixedOf(key: TaskKey, lane: Lane, columns: TaskColumns): Fixed {
  const [priority, maxAttempts, command, payload, webhook, trace] = columns;
  return {
    key,
    tenant: lane.tenant,
    command: command ?? lane.command,
    payload,
    priority,
    webhook: webhook ?? undefined,
    trace: trace === null ? undefined : traceOf(trace),
    maxAttempts,
  };
}

export interface TaskReaderParts {
  readonly lanes: LaneBook;
  readonly leases: HeldLeases;
  readonly tasks: TaskRows;
  readonly keys: IdempotencyKeys;
  readonly done: RowInserts;
  readonly shard: number;
}

/** Finds single tasks, whatever state they are in. */
export class TaskReader {
  readonly #lanes: LaneBook;
  readonly #leases: HeldLeases;
  readonly #tasks: TaskRows;
  readonly #keys: IdempotencyKeys;
  readonly #ended: RowInserts;
  readonly #shard: number;
  readonly #task: Statement<unknown, [number]>;
  readonly #lease: Statement<unknown, [number]>;
  readonly #done: Statement<unknown, [number]>;
  readonly #delayed: Statement<unknown, [number]>;
  readonly #requeued: Statement<unknown, [number]>;
  readonly #ready: Statement<unknown, [number, number, number, number]>;
  readonly #maxAttempts: Statement<{ max_attempts: number }, [number]>;

  constructor(db: StatementSet, { lanes, leases, tasks, keys, done, shard }: TaskReaderParts) {
    this.#lanes = lanes;
    this.#leases = leases;
    this.#tasks = tasks;
    this.#keys = keys;
    this.#ended = done;
    this.#shard = shard;
    this.#task = db.prepare(`SELECT t.lane, ${TASK_COLUMNS} FROM task t WHERE t.id = ?`);
    this.#lease = db.prepare("SELECT attempts, ends, since, worker FROM lease WHERE task = ?");
    this.#done = db.prepare("SELECT state, attempts, at, result, error FROM done WHERE task = ?");
    this.#delayed = db.prepare("SELECT attempts, since FROM delayed WHERE task = ?");
    this.#requeued = db.prepare("SELECT position FROM requeued WHERE task = ?");
    this.#ready = db.prepare(
      "SELECT attempts FROM ready WHERE lane = ? AND priority = ? AND position = ? AND task = ?",
    );
    this.#maxAttempts = db.prepare("SELECT max_attempts FROM task WHERE id = ?");
  }

  get(tenant: string, key: TaskKey): Task | undefined {
    const fixed = this.#read(key);
    if (fixed === undefined || fixed.lane.tenant !== tenant) return undefined;
    return taskOf(fixed, this.#progress(key, fixed.lane, fixed.priority));
  }

  /** The part that never changes, of a task that is there. */
  fixed(sequence: number): Fixed {
    const fixed = this.#read({ shard: this.#shard, sequence });
    assert(fixed !== undefined, `task ${sequence} is there`);
    return fixed;
  }

  holder(tenant: string, idempotencyKey: string): Task | undefined {
    const sequence = this.#keys.holder(tenant, idempotencyKey);
    return sequence === undefined ? undefined : this.get(tenant, { shard: this.#shard, sequence });
  }

  /** Of a task that is there. */
  maxAttempts(sequence: number): number {
    this.#tasks.flush();
    return this.#maxAttempts.get(sequence)?.max_attempts ?? 0;
  }

  /** The lane of a task, if the tenant has it. */
  laneOf(tenant: string, sequence: number): Lane | undefined {
    const lane = this.#read({ shard: this.#shard, sequence })?.lane;
    return lane?.tenant === tenant ? lane : undefined;
  }

  #read(key: TaskKey): (Fixed & { readonly lane: Lane }) | undefined {
    this.#tasks.flush();
    // Rows come as arrays, in the order of the columns asked for.
    const [row] = this.#task.values(key.sequence) as [number, ...TaskColumns][];
    if (row === undefined) return undefined;
    const [laneId, ...columns] = row;
    const lane = this.#lanes.byId(laneId);
    return { ...fixedOf(key, lane, columns), lane };
  }

  #progress(key: TaskKey, lane: Lane, priority: number): Progress {
    const task = key.sequence;
    const none = { worker: undefined, leaseUntilMs: undefined, error: undefined, result: undefined };
    const held = this.#leases.get(task);
    if (held !== undefined) {
      const { attempts, ends, since, worker } = held;
      return { ...none, state: "leased", attempts, leaseUntilMs: ends, updatedMs: since, worker };
    }
    this.#ended.flush();
    const [lease] = this.#lease.values(task) as [number, number, number, string][];
    if (lease !== undefined) {
      const [attempts, leaseUntilMs, updatedMs, worker] = lease;
      return { ...none, state: "leased", attempts, leaseUntilMs, updatedMs, worker };
    }
    const [done] = this.#done.values(task) as [number, number, number, string | null, string | null][];
    if (done !== undefined) {
      const [code, attempts, updatedMs, result, error] = done;
      const state = DONE_STATES[code] ?? "dead";
      return { ...none, state, attempts, updatedMs, result: result ?? undefined, error: error ?? undefined };
    }
    const [delayed] = this.#delayed.values(task) as [number, number][];
    if (delayed !== undefined) return { ...none, state: "delayed", attempts: delayed[0], updatedMs: delayed[1] };
    const [requeued] = this.#requeued.values(task) as [number][];
    const position = requeued?.[0] ?? task;
    const [ready] = this.#ready.values(lane.id, priority, position, task) as [number][];
    return { ...none, state: "ready", attempts: ready?.[0] ?? 0, updatedMs: sequenceMs(position) };
  }
}
