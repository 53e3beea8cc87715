import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { NewTask, Store } from "../src/server/queue/store.ts";
import { Sequence } from "../src/server/queue/task-id.ts";
import { DURABILITIES, type Durability } from "../src/server/store/durability.ts";
import { openStore } from "../src/server/store/open-store.ts";
import { median } from "./median.ts";

/**
 * The store alone: create → claim → complete, every step committed before the next. Several loops run at the same time,
 * as connections would, so that commits carry more than one batch.
 */

const { values: flags } = parseArgs({
  options: {
    batch: { type: "string", default: "32" },
    loops: { type: "string", default: "8" },
    shards: { type: "string", default: "1" },
    durability: { type: "string", default: "off" },
    pending: { type: "string", default: "1000" },
    seconds: { type: "string", default: "5" },
    repeat: { type: "string", default: "5" },
    "payload-bytes": { type: "string", default: "100" },
    "cache-mb": { type: "string", default: "64" },
    /** Kept, so that a large number of pending tasks is made only once. */
    "data-dir": { type: "string" },
  },
});
const batch = Number(flags.batch);
const loops = Number(flags.loops);
const shards = Number(flags.shards);
const durability = durabilityOf(flags.durability);
const payload = JSON.stringify({ data: "x".repeat(Math.max(0, Number(flags["payload-bytes"]) - 11)) });
const LEASE_MS = 600_000;
const FILL_BATCH = 2000;

let sequence = new Sequence(0);
let turn = 0;
let commits = 0;

const dataDir = flags["data-dir"] ?? mkdtempSync(join(tmpdir(), "codeq-bench-store-"));
try {
  await main();
} finally {
  if (flags["data-dir"] === undefined) rmSync(dataDir, { recursive: true });
}

async function main(): Promise<void> {
  const openedAt = performance.now();
  const fresh = !existsSync(dataDir);
  const store = await open();
  const openMs = performance.now() - openedAt;
  sequence = new Sequence(store.lastSequence);
  await fill(store, Number(flags.pending));
  const rates: number[] = [];
  const cpuSecondsPerMillion: number[] = [];
  for (let run = 0; run <= Number(flags.repeat); run += 1) {
    const before = process.cpuUsage();
    const { rate, completed } = await measure(store, Number(flags.seconds) * 1000);
    const { user, system } = process.cpuUsage(before);
    // The first run is the warm-up.
    if (run === 0) continue;
    rates.push(rate);
    cpuSecondsPerMillion.push((user + system) / completed);
  }
  const row = {
    cyclesPerSecond: Math.round(median(rates)),
    minimum: Math.round(Math.min(...rates)),
    maximum: Math.round(Math.max(...rates)),
    cpuSecondsPerMillion: Number(median(cpuSecondsPerMillion).toFixed(2)),
    pending: await pendingIn(store),
    batch,
    loops,
    shards,
    durability,
    openMs: fresh ? undefined : Math.round(openMs),
    rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    date: new Date().toISOString(),
  };
  console.log(JSON.stringify(row));
  await store.close();
}

function open(): Promise<Store> {
  const randoms = crypto.getRandomValues(new Uint32Array(2));
  return openStore({
    dataDir,
    shards,
    durability,
    cacheBytes: Number(flags["cache-mb"]) * 2 ** 20,
    diskReserveBytes: 64 * 2 ** 20,
    lanesMax: 1000,
    acceptDataLoss: false,
    onCommit: () => {
      commits += 1;
    },
    onEvent: (level, message) => console.error(level, message),
    freshSeed: [randoms[0] ?? 0, randoms[1] ?? 0],
    clock: () => performance.now(),
  });
}

async function fill(store: Store, pending: number): Promise<void> {
  for (let missing = pending - (await pendingIn(store)); missing > 0; missing -= FILL_BATCH) {
    await store.insert(newTasks(Math.min(missing, FILL_BATCH)), Date.now());
  }
}

async function pendingIn(store: Store): Promise<number> {
  const [counts = []] = await store.peek([{ tenant: "bench", commands: undefined }]);
  return counts.reduce((sum, count) => sum + count, 0);
}

async function measure(store: Store, durationMs: number): Promise<{ rate: number; completed: number }> {
  const startedAt = performance.now();
  const done = await Promise.all(
    Array.from({ length: loops }, (_, loop) => cycle(store, loop, startedAt + durationMs)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const completed = done.reduce((sum, count) => sum + count, 0);
  return { rate: completed / seconds, completed };
}

async function cycle(store: Store, loop: number, until: number): Promise<number> {
  const worker = `worker-${loop}`;
  let completed = 0;
  while (performance.now() < until) {
    const now = Date.now();
    await store.insert(newTasks(batch), now);
    const request = {
      tenant: "bench",
      worker,
      commands: undefined,
      count: batch,
      leaseUntilMs: now + LEASE_MS,
      rotation: turn,
    };
    const [tasks = []] = await store.claim([request], now);
    const results = tasks.map(
      ({ key }) => ({ key, tenant: "bench", worker, state: "completed", result: "{}" }) as const,
    );
    const outcomes = await store.complete(results, now);
    const finished = outcomes.filter((outcome) => outcome.kind === "finished").length;
    if (finished !== tasks.length)
      throw new Error(`${tasks.length - finished} of ${tasks.length} results were refused`);
    completed += finished;
  }
  return completed;
}

function newTasks(count: number): NewTask[] {
  const now = Date.now();
  turn += 1;
  return Array.from({ length: count }, () => ({
    key: { shard: turn % shards, sequence: sequence.next(now) },
    tenant: "bench",
    command: "work",
    payload,
    priority: 0,
    maxAttempts: 5,
    webhook: undefined,
    trace: undefined,
    idempotencyKey: undefined,
    dueMs: undefined,
  }));
}

function durabilityOf(text: string): Durability {
  const found = DURABILITIES.find((level) => level === text);
  if (found === undefined) throw new Error(`--durability ${text}: must be one of ${DURABILITIES.join(", ")}`);
  return found;
}
