import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildK6First, K6_MISSING } from "./k6-run.ts";
import { type Call, every, isCreate, isResult, type Misbehaviour } from "./misbehaving-server.ts";
import { runAgainst } from "./run-against.ts";

setDefaultTimeout(120_000);
buildK6First();

const SUSTAINED = { RATE: "40", DURATION: "1s", DRAIN_DURATION: "3s", WORKER_VUS: "4" };

describe.skipIf(K6_MISSING)("a request that failed is one that failed, and neither a lost nor a doubled task", () => {
  const failedRequests = ["http_req_failed{endpoint:create}", "http_req_failed{endpoint:result}"];

  test("when the answer does not say what became of it", async () => {
    let turn = 0;
    const run = await runAgainst(
      (call) => {
        if (!isCreate(call) && !isResult(call)) return undefined;
        turn += 1;
        const unknown = new Response(null, { status: 503 });
        if (turn % 5 === 0) return call.forward().then(() => unknown);
        return turn % 5 === 1 ? unknown : undefined;
      },
      "01_sustained_throughput.js",
      SUSTAINED,
    );
    expect(run.failed).toEqual(failedRequests);
    expect(run.count("codeq_outcomes_unknown")).toBeGreaterThan(0);
  });

  test("when the server refuses it", async () => {
    const creates = every(4, isCreate, () => new Response(null, { status: 429 }));
    const results = every(4, isResult, () => new Response(null, { status: 409 }));
    const run = await runAgainst((call) => creates(call) ?? results(call), "01_sustained_throughput.js", SUSTAINED);
    expect(run.failed).toEqual(failedRequests);
    expect(run.count("codeq_requests_refused")).toBeGreaterThan(0);
    expect(run.count("codeq_outcomes_unknown")).toBe(0);
  });
});

describe.skipIf(K6_MISSING)("what a correct server does with a task that nobody finishes is no failure", () => {
  test("a dead letter is still stored", async () => {
    const misbehave = oneOf(isCreate, async (call) => {
      const created = await call.forward({ ...call.body, maxAttempts: 1 });
      const claimed = await call.also("/tasks/claim", { commands: [call.body["command"]] });
      // There is only this task.
      const { id } = (await claimed.json()) as { readonly id: string };
      await call.also(`/tasks/${id}/nack`, {});
      return created;
    });
    const run = await runAgainst(misbehave, "04_prefill_queue.js", { TASKS: "20", VUS: "1" });
    expect({ code: run.code, failed: run.failed }, run.output).toEqual({ code: 0, failed: [] });
    expect(run.output).toContain("ready=19 delayed=0 inProgress=0 dlq=1");
  });

  test("a second delivery after the end of the lease is none too many", async () => {
    // The result of one worker is lost on its way.
    const misbehave = oneOf(isResult, () => new Response(null, { status: 503 }));
    const env = { ...SUSTAINED, LEASE_SECONDS: "1", DRAIN_DURATION: "60s" };
    const run = await runAgainst(misbehave, "01_sustained_throughput.js", env);
    expect(run.failed, run.output).toEqual(["http_req_failed{endpoint:result}"]);
    expect(run.count("codeq_redelivered_under_lease")).toBe(0);
    expect(run.count("codeq_tasks_completed")).toBe(run.count("codeq_tasks_created"));
  });
});

/** The first call of a kind. */
function oneOf(applies: (call: Call) => boolean, answer: (call: Call) => Promise<Response> | Response): Misbehaviour {
  let done = false;
  return (call) => {
    if (done || !applies(call)) return undefined;
    done = true;
    return answer(call);
  };
}
