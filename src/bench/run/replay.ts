import type { Census, FinalState, FinalTask } from "../ledger/census.ts";
import { checkLedger } from "../ledger/check.ts";
import { Ledger } from "../ledger/ledger.ts";
import type { Operation, Outcome } from "../ledger/operation.ts";
import type { Verdict } from "../ledger/verdict.ts";
import type { Irregular } from "../load/irregulars.ts";
import { CREATE, RESULT, ROW, type RowTime, type TaskRows } from "../load/task-rows.ts";
import type { ServerView, StoredTask } from "../target/server-view.ts";

export interface ReplayOptions {
  readonly rows: TaskRows;
  readonly tags: readonly number[];
  readonly irregulars: readonly Irregular[];
  readonly view: ServerView;
  readonly command: string;
  readonly leaseMs: number;
  /** On the run's clock. */
  readonly nowUs: () => number;
}

export interface Replay {
  readonly verdict: Verdict;
  readonly readBack: number;
  /** Tasks whose stored result is not the one that was acknowledged. */
  readonly wrongResults: readonly string[];
}

/** Takes some tasks through the checker, operation by operation, against what the server has stored of them. */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const { rows, tags, irregulars } = options;
  const ledger = new Ledger(tags.length * OPERATIONS_PER_TASK_MAX + irregulars.length);
  const wanted = new Set(tags);
  for (const tag of tags) for (const operation of operationsOf(options, tag)) ledger.add(operation);
  for (const irregular of irregulars) {
    if (irregular.tag !== undefined && wanted.has(irregular.tag)) addIrregular(ledger, irregular, options);
  }
  const wrongResults: string[] = [];
  const tasks = new Map<string, FinalTask>();
  const takenMs = options.nowUs() / 1000;
  await eachAtOnce(READERS, tags, async (tag) => {
    const id = rows.idOf(tag);
    if (id === undefined) return;
    const stored = await options.view.task(id);
    if (stored === undefined) return;
    tasks.set(id, finalTask(stored));
    if (rows.value(tag, ROW.result) !== RESULT.acked) return;
    const result = await options.view.result(id);
    if (!isResultOf(result, tag)) wrongResults.push(`task ${id} has the result ${JSON.stringify(result)}`);
  });
  const census: Census = { takenMs, retentionMs: RETENTION_MS, tasks, sums: [] };
  const verdict = checkLedger(ledger, census, {
    clockErrorMs: CLOCK_ERROR_MS,
    promotionMs: PROMOTION_MS,
    shardOf: shardOfId,
  });
  return { verdict, readBack: tasks.size, wrongResults };
}

function operationsOf({ rows, command, leaseMs }: ReplayOptions, tag: number): Operation[] {
  const id = rows.idOf(tag);
  const tenant = TENANT;
  const ms = (word: RowTime): number => rows.time(tag, word) / 1000;
  const create = rows.value(tag, ROW.create);
  const operations: Operation[] = [];
  if (create !== CREATE.none) {
    const outcome: Outcome = create === CREATE.acked ? "ok" : create === CREATE.refused ? "fail" : "unknown";
    operations.push({
      op: "create",
      tag,
      tenant,
      command,
      outcome,
      invokeMs: ms(ROW.createInvoke),
      doneMs: outcome === "unknown" ? Number.POSITIVE_INFINITY : ms(ROW.createDone),
      id: outcome === "ok" ? id : undefined,
      idempotencyKey: undefined,
      priority: 0,
      maxAttempts: MAX_ATTEMPTS,
      delayMs: rows.value(tag, ROW.delayMs),
    });
  }
  if (id === undefined || rows.value(tag, ROW.deliveries) === 0) return operations;
  const ofTask = { tag, id, tenant, worker: WORKER };
  const [invokeMs, doneMs] = [ms(ROW.claimInvoke), ms(ROW.deliverDone)];
  const attempts = rows.value(tag, ROW.attempts);
  operations.push({ op: "deliver", ...ofTask, outcome: "ok", invokeMs, doneMs, command, leaseMs, attempts });
  const result = rows.value(tag, ROW.result);
  if (result === RESULT.none) return operations;
  operations.push({
    op: "result",
    ...ofTask,
    state: "completed",
    outcome: result === RESULT.acked ? "ok" : result === RESULT.refused ? "fail" : "unknown",
    invokeMs: ms(ROW.resultInvoke),
    doneMs: result === RESULT.sent ? Number.POSITIVE_INFINITY : ms(ROW.resultDone),
  });
  return operations;
}

function addIrregular(ledger: Ledger, irregular: Irregular, { command, leaseMs }: ReplayOptions): void {
  const { tag, delivery, invokeUs, doneUs } = irregular;
  if (tag === undefined || delivery === undefined) return;
  const { id, attempts } = delivery;
  const [invokeMs, doneMs] = [invokeUs / 1000, doneUs / 1000];
  const lease = { command, leaseMs, attempts };
  ledger.add({ op: "deliver", tag, id, tenant: TENANT, worker: WORKER, outcome: "ok", invokeMs, doneMs, ...lease });
}

function finalTask({ status, lastKnownLocation, attempts = 0 }: StoredTask): FinalTask {
  const state = STATES[`${status} ${lastKnownLocation}`];
  if (state === undefined) throw new Error(`a task cannot be ${status} in ${lastKnownLocation}`);
  return { state, attempts };
}

const STATES: Readonly<Record<string, FinalState>> = {
  "PENDING PENDING_LIST": "ready",
  "PENDING DELAYED_ZSET": "delayed",
  "IN_PROGRESS INPROG_SET": "leased",
  "COMPLETED NONE": "completed",
  "FAILED NONE": "failed",
  "FAILED DLQ_SET": "dead",
};

function isResultOf(result: unknown, tag: number): boolean {
  return typeof result === "object" && result !== null && "tag" in result && Number(result.tag) === tag;
}

/** Ids of version 7 carry their shard; of others nothing is known, and their order is not checked. */
function shardOfId(id: string): string | undefined {
  return id[14] === "7" ? id.slice(20, 22) : undefined;
}

async function eachAtOnce<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const one = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, one));
}

const READERS = 16;
/** All slots of a thread work under one name; the rows do not tell threads apart. */
const WORKER = "bench";
const TENANT = "bench";
const OPERATIONS_PER_TASK_MAX = 3;
const RETENTION_MS = 86_400_000;
const MAX_ATTEMPTS = 100;
/** Client and server share the machine's clock; this allows for rounding. */
const CLOCK_ERROR_MS = 2;
/** Lateness is measured, not judged, here. */
const PROMOTION_MS = 3_600_000;
