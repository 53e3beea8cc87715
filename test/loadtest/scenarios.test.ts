import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { buildK6First, K6_MISSING, runK6 } from "./k6-run.ts";

setDefaultTimeout(120_000);
buildK6First();

const RATE = "40";

/** Each scenario for a few seconds, and what else has to be so at its end. */
const SCENARIOS: readonly (readonly [script: string, env: Readonly<Record<string, string>>])[] = [
  ["01_sustained_throughput.js", { RATE, DURATION: "2s", WORKER_VUS: "5" }],
  ["02_burst_10k_10s.js", { RATE, BURST_DURATION: "2s", DRAIN_DURATION: "60s", WORKER_VUS: "5" }],
  ["03_many_workers.js", { PRODUCER_RATE: RATE, DURATION: "2s", WORKER_VUS: "100" }],
  ["04_prefill_queue.js", { TASKS: "300", VUS: "5" }],
  ["05_mixed_priorities.js", { RATE, DURATION: "3s", WORKER_VUS: "4" }],
  // For two seconds there is nothing to do, and yet nobody may go home.
  [
    "06_delayed_tasks.js",
    { RATE, DURATION: "1s", WORKER_VUS: "5", MIN_DELAY_SECONDS: "3", MAX_DELAY_SECONDS: "3", DRAIN_DURATION: "60s" },
  ],
];

describe.skipIf(K6_MISSING)("a healthy server passes", () => {
  test.each(SCENARIOS)("%s", async (script, env) => {
    using directory = new TemporaryDirectory();
    await using server = await ServerProcess.start({ dataDir: directory.path });
    const run = await runK6(script, server.url, { RESUBMIT_PCT: "100", ...env });
    expect({ code: run.code, passed: run.passed, failed: run.failed }, run.output).toEqual({
      code: 0,
      passed: true,
      failed: [],
    });
    expect(run.count("codeq_tasks_created")).toBe(run.count("codeq_tasks_completed") + run.count("codeq_tasks_stored"));
    expect(run.output).toContain("tasks created");
  });
});

describe.skipIf(K6_MISSING)("a lane that was in use", () => {
  test("is judged by what the run changed", async () => {
    using directory = new TemporaryDirectory();
    await using server = await ServerProcess.start({ dataDir: directory.path });
    const seeds = [0, "text", [1], { run: 17 }, { k6: true }, { run: "earlier", iter: 3 }].map((payload) => ({
      payload,
    }));
    for (const seed of [...seeds, { payload: "for later", delaySeconds: 3600 }]) {
      const body = JSON.stringify({ command: "SEEDED", ...seed });
      const headers = { authorization: "Bearer dev-token" };
      await fetch(`${server.url}/v1/codeq/tasks`, { method: "POST", headers, body });
    }
    const env = { CODEQ_COMMANDS: "SEEDED,OTHER", RATE, BURST_DURATION: "1s", DRAIN_DURATION: "60s", WORKER_VUS: "3" };
    const run = await runK6("02_burst_10k_10s.js", server.url, env);
    expect({ code: run.code, failed: run.failed }, run.output).toEqual({ code: 0, failed: [] });
    expect(run.count("codeq_tasks_completed")).toBe(run.count("codeq_tasks_created") + seeds.length);
    expect(run.output).toContain("[queue_stats] command=SEEDED ready=0 delayed=1 inProgress=0 dlq=0");
  });

  test("defect 77: ids do not become series", async () => {
    using directory = new TemporaryDirectory();
    await using server = await ServerProcess.start({ dataDir: directory.path });
    const samples = directory.at("samples.json");
    const env = { RATE, DURATION: "1s", WORKER_VUS: "3", RESUBMIT_PCT: "0", K6_OUT: `json=${samples}` };
    await runK6("01_sustained_throughput.js", server.url, env);
    const names = new Set<string>();
    for (const line of (await Bun.file(samples).text()).trim().split("\n")) {
      const { type, metric, data } = JSON.parse(line);
      if (type === "Point" && metric === "http_reqs") names.add(data.tags.name);
    }
    expect([...names].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      "GET /admin/queues/:command",
      "POST /tasks",
      "POST /tasks/:id/result",
      "POST /tasks/claim",
    ]);
  });
});
