import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLedger } from "../src/bench/ledger/check.ts";
import { historyLines } from "../src/bench/ledger/history-file.ts";
import type { Ledger } from "../src/bench/ledger/ledger.ts";
import { describeVerdict, type Verdict } from "../src/bench/ledger/verdict.ts";
import { Dice } from "./dice.ts";
import { produce } from "./load.ts";
import { Client, Recorder } from "./recorder.ts";
import { commandsOf, producerToken, Rig, TENANTS, workerTokens } from "./rig.ts";
import { TemporaryDirectory } from "./server-process.ts";
import { laneCounts, takeCensus } from "./take-census.ts";
import { finish, work } from "./work.ts";

/** What happens depends on it and on the machine: the same seed makes the same requests, not the same timing. */
const SEED = Number(process.env["CODEQ_TEST_SEED"] ?? Math.floor(Math.random() * 1e9));
const RETRY = ["--backoff", "fixed", "--backoff-base", "1s", "--backoff-max", "2s"];
const TIME_LIMIT_MS = 120_000;

interface Plan {
  readonly rounds: number;
  /** For the start of each round. */
  readonly flags: (round: number) => readonly string[];
  readonly signal: NodeJS.Signals;
}

/** Load while the server is killed and started again and again, then everything is finished and looked at. */
async function survive(plan: Plan): Promise<void> {
  using directory = new TemporaryDirectory();
  await using rig = new Rig(directory.at("data"));
  const recorder = new Recorder();
  const shared = { rig, recorder, dice: new Dice(SEED) };
  const running = { stopped: false };
  await rig.start([...RETRY, ...plan.flags(0)]);
  const load = TENANTS.flatMap((tenant) => [
    produce(shared, tenant, running),
    produce(shared, tenant, running),
    ...workerTokens(tenant).map((token) => work(shared, tenant, token, running)),
  ]);
  for (let round = 1; round <= plan.rounds; round += 1) {
    await Bun.sleep(shared.dice.between(20, 350));
    const code = await rig.stop(plan.signal);
    expect(code).toBe(plan.signal === "SIGKILL" ? 137 : 0);
    await rig.start([...RETRY, ...plan.flags(round)]);
  }
  running.stopped = true;
  await Promise.all(load);
  await Promise.all(
    TENANTS.flatMap((tenant) =>
      workerTokens(tenant).map((token) => finish(shared, tenant, token, () => isDrained(rig, tenant))),
    ),
  );
  const census = await takeCensus(rig, recorder.ledger);
  const options = { clockErrorMs: 5, promotionMs: 5000, shardOf: (id: string) => id.slice(20, 22) };
  const verdict = checkLedger(recorder.ledger, census, options);
  expect(verdict.passed ? "" : report(verdict, recorder.ledger)).toBe("");
  expect(verdict.tasks).toBeGreaterThan(plan.rounds * 10);
}

async function isDrained(rig: Rig, tenant: (typeof TENANTS)[number]): Promise<boolean> {
  for (const command of commandsOf(tenant)) {
    const { ready, delayed, inProgress } = await laneCounts(rig, tenant, command);
    if (ready + delayed + inProgress > 0) return false;
  }
  return true;
}

function report(verdict: Verdict, ledger: Ledger): string {
  const path = join(tmpdir(), `codeq-history-${SEED}.jsonl`);
  writeFileSync(path, [...historyLines(ledger.operations())].join(""));
  return `CODEQ_TEST_SEED=${SEED}, history in ${path}\n${describeVerdict(verdict)}`;
}

describe(`kill -9 under load loses, doubles and reorders nothing (CODEQ_TEST_SEED=${SEED}):`, () => {
  const PLANS: readonly (readonly [string, Omit<Plan, "signal">])[] = [
    ["20 times with durability off", { rounds: 20, flags: () => [] }],
    ["6 times with durability full", { rounds: 6, flags: () => ["--durability", "full"] }],
    ["6 times with three shards", { rounds: 6, flags: () => ["--shards", "3"] }],
    [
      "8 times with ever other shards",
      { rounds: 8, flags: (round) => ["--shards", ["1", "3", "2", "4"][round % 4] ?? "1"] },
    ],
  ];
  for (const [what, plan] of PLANS) test(what, () => survive({ ...plan, signal: "SIGKILL" }), TIME_LIMIT_MS);
});

test(
  "SIGTERM under load, again and again, loses nothing and exits 0",
  () => survive({ rounds: 5, flags: () => ["--shutdown-grace", "5s"], signal: "SIGTERM" }),
  TIME_LIMIT_MS,
);

test("a lease survives the death of the server: nobody else gets the task, and its holder can finish it", async () => {
  using directory = new TemporaryDirectory();
  await using rig = new Rig(directory.at("data"));
  await rig.start([]);
  using producer = new Client(rig, producerToken("acme"));
  using holder = new Client(rig, "acme-w1");
  using other = new Client(rig, "acme-w2");
  await producer.post("/tasks", { command: "A", payload: 1 });
  const claimed = await holder.post("/tasks/claim", { commands: ["A"], leaseSeconds: 600 });
  const { id, leaseUntil } = JSON.parse(claimed.answer?.text ?? "") as { id: string; leaseUntil: string };
  await rig.stop("SIGKILL");
  await rig.start([]);
  expect((await other.post("/tasks/claim", { commands: ["A"] })).answer?.status).toBe(204);
  expect((await other.post(`/tasks/${id}/heartbeat`, {})).answer?.status).toBe(403);
  const found = await producer.get(`/tasks/${id}`);
  expect(JSON.parse(found.answer?.text ?? "")).toMatchObject({ workerId: "acme-w1", leaseUntil, attempts: 1 });
  expect((await holder.post(`/tasks/${id}/result`, { status: "COMPLETED", result: {} })).answer?.status).toBe(200);
});
