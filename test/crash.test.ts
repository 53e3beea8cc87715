import { describe, expect, test } from "bun:test";
import { Client } from "./recorder.ts";
import { producerToken, Rig } from "./rig.ts";
import { TemporaryDirectory } from "./server-process.ts";
import { CREATES_MIN, type Plan, survive } from "./survive.ts";

const SEED = Number(process.env["CODEQ_TEST_SEED"] ?? Math.floor(Math.random() * 1e9));
const TIME_LIMIT_MS = 120_000;

const KILL: Plan["disturb"] = async (rig, start) => {
  expect(await rig.stop("SIGKILL")).toBe(137);
  await start();
};

const DRAIN: Plan["disturb"] = async (rig, start) => {
  expect(await rig.stop("SIGTERM")).toBe(0);
  await start();
};

/** Leases go on by the clock of the stopped process: some end meanwhile. */
const FREEZE: Plan["disturb"] = async (rig, _start, dice) => {
  rig.signal("SIGSTOP");
  await Bun.sleep(dice.between(50, 1500));
  rig.signal("SIGCONT");
};

const PLANS: readonly (readonly [string, Plan])[] = [
  ["kill -9, 20 times, durability off", { rounds: 20, flags: () => [], disturb: KILL }],
  ["kill -9, 6 times, durability full", { rounds: 6, flags: () => ["--durability", "full"], disturb: KILL }],
  ["kill -9, 6 times, three shards", { rounds: 6, flags: () => ["--shards", "3"], disturb: KILL }],
  [
    "kill -9, 8 times, ever other shards",
    { rounds: 8, flags: (round) => ["--shards", ["1", "3", "2", "4"][round % 4] ?? "1"], disturb: KILL },
  ],
  ["SIGTERM, 5 times", { rounds: 5, flags: () => ["--shutdown-grace", "5s"], disturb: DRAIN }],
  ["SIGSTOP for a while, 3 times", { rounds: 3, flags: () => [], disturb: FREEZE }],
];

describe(`nothing is lost, doubled or reordered under load (CODEQ_TEST_SEED=${SEED}) by`, () => {
  for (const [what, plan] of PLANS) {
    const run = async (): Promise<void> => {
      expect((await survive(plan, SEED)).tasks).toBeGreaterThanOrEqual(plan.rounds * CREATES_MIN);
    };
    // Side by side, for most of it is waiting for leases to end.
    test.concurrent(what, run, TIME_LIMIT_MS);
  }
});

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
