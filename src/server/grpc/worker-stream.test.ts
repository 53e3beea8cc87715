import { describe, expect, test } from "bun:test";
import { WorkerEvent } from "../../../proto/generated/worker.ts";
import { type Authenticators, WORKER_SCOPES } from "../auth/authenticators.ts";
import { staticAuthenticator } from "../auth/static-provider.ts";
import { CodeqError } from "../queue/errors.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, GrpcFixture, ready, resultMessage, TEST_TOKEN, until } from "./grpc-fixture.ts";
import { RawStream } from "./raw-stream-fixture.ts";
import { STREAM_PATHS } from "./stream-definition.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const TENANT = "dev-tenant";

/** A worker's token of the test tenant that may not do everything. */
function limited(scopes: readonly string[], eventTypes: readonly string[]): Authenticators {
  const content = { token: TEST_TOKEN, subject: "sub", email: "", scopes, eventTypes, raw: { tid: TENANT } };
  const authenticator = staticAuthenticator(content);
  return { producer: authenticator, worker: authenticator, allowProducerAsWorker: false };
}

describe("a Ready", () => {
  test("is answered with a task, as the producer sent it", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1, { payload: '{"b": 1, "a":12345678901234567890}', priority: 3 });
    const worker = await server.worker("w1");
    worker.send(ready(1, [], 60));
    const { task } = await worker.next("task");
    expect(task).toEqual({
      id,
      command: "RENDER",
      payload: new Uint8Array(Buffer.from('{"b": 1, "a":12345678901234567890}')),
      priority: 3,
      webhook: "",
      maxAttempts: 5,
      status: "IN_PROGRESS",
      workerId: "w1",
      leaseUntil: "2026-07-20T12:01:00Z",
      attempts: 1,
      tenantId: TENANT,
      createdAt: new Date(server.time.now),
      updatedAt: new Date(server.time.now),
      traceParent: "",
      traceState: "",
    });
  });

  test("defect 1: waits for work as long as it takes, and is never answered with nothing", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    for (const count of [1, 32]) worker.send(ready(count));
    for (let day = 0; day < 30; day += 1) server.time.advance(86_400_000);
    await server.settled(worker);
    expect(worker.unread).toBe(0);
    await server.fill(1);
    expect((await worker.next("task")).task?.attempts).toBe(1);
    await server.fill(1);
    expect((await worker.next("taskBatch")).tasks).toHaveLength(1);
  });

  test("for several tasks is answered with a batch, highest priority first, no more than asked for", async () => {
    await using server = await GrpcFixture.start(store());
    for (const priority of [0, 5, 9]) await server.fill(2, { priority });
    const worker = await server.worker();
    worker.send(ready(4));
    const { tasks } = await worker.next("taskBatch");
    expect(tasks.map(({ priority }) => priority)).toEqual([9, 9, 5, 5]);
  });

  test("of a count below one is for one task", async () => {
    await using server = await GrpcFixture.start(store());
    await server.fill(2);
    const worker = await server.worker();
    worker.send(ready(-3));
    expect((await worker.next("task")).task).toBeDefined();
  });

  test("subscribes to the commands it names, in any case", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    worker.send(ready(1, [" scale ", "crop", "CROP"]));
    await server.fill(1, { command: "RENDER" });
    await server.fill(1, { command: "Crop" });
    expect((await worker.next("task")).task?.command).toBe("Crop");
  });

  test("defect 52: naming no command, of a token for all, takes any command", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    await server.fill(1, { command: "anything/at all" });
    worker.send(ready());
    expect((await worker.next("task")).task?.command).toBe("anything/at all");
  });

  test("naming no command, of a token for some, takes those", async () => {
    await using server = await GrpcFixture.start(store(), {
      authenticators: limited(WORKER_SCOPES, ["CROP", "SCALE"]),
    });
    const worker = await server.worker();
    worker.send(ready());
    await server.fill(1, { command: "RENDER" });
    await server.fill(1, { command: "scale" });
    expect((await worker.next("task")).task?.command).toBe("scale");
  });

  test.each([
    [ready(1, ["RENDER"]), { code: "PermissionDenied", message: "event type not allowed" }],
    [ready(1, [" "]), { code: "InvalidArgument", message: "no commands to claim" }],
    [ready(1, [], 86_401), { code: "InvalidArgument", message: "lease of 86401 s is over the limit of 86400 s" }],
    [ready(1, ["A", "B", "C"]), { code: "InvalidArgument", message: "a Ready of 3 commands is over the limit of 2" }],
  ])("that cannot be served gets an error, and the next one is served: %#", async (event, error) => {
    const authenticators = limited(WORKER_SCOPES, ["CROP"]);
    await using server = await GrpcFixture.start(store(), { authenticators, limits: { claimCommandsMax: 2 } });
    await server.fill(1, { command: "CROP" });
    const worker = await server.worker();
    worker.send(event);
    expect(await worker.next("error")).toEqual(error);
    worker.send(ready(1, ["CROP"]));
    expect((await worker.next("task")).task).toBeDefined();
  });

  test("defect 36: over the limit of waiting ones gets an error", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { readysMax: 2 } });
    const worker = await server.worker();
    for (let count = 0; count < 3; count += 1) worker.send(ready());
    const message = "too many waiting Readys on one stream (limit 2)";
    expect(await worker.next("error")).toEqual({ code: "ResourceExhausted", message });
    await server.fill(2);
    await worker.next("task");
    await worker.next("task");
  });

  test("waits for a place while too many wait, and then for work", async () => {
    await using server = await GrpcFixture.start(store(), { policy: { waitersMax: 1 } });
    const first = await server.worker("first");
    first.send(ready(1, ["A"]));
    await until(() => server.queue.waiting.claims === 1);
    const second = await server.worker("second");
    for (let count = 0; count < 2; count += 1) second.send(ready(1, ["B"]));
    await server.settled(second);
    await server.fill(1, { command: "B" });
    server.time.advance(500);
    expect((await second.next("task")).task?.command).toBe("B");
    await server.settled(second);
    first.call.cancel();
    await server.gone("worker", 1);
    server.time.advance(500);
    await until(() => server.queue.waiting.claims === 1);
    await server.fill(1, { command: "B" });
    expect((await second.next("task")).task?.command).toBe("B");
  });

  test("survives an outage of the store", async () => {
    const memory = store();
    await using server = await GrpcFixture.start(memory);
    const claim = memory.claim.bind(memory);
    const { promise: tried, resolve } = Promise.withResolvers<void>();
    memory.claim = () => {
      resolve();
      return Promise.reject(new CodeqError("UNAVAILABLE", "storage unavailable"));
    };
    const worker = await server.worker();
    worker.send(ready());
    await tried;
    memory.claim = claim;
    await server.fill(1);
    await server.settled(worker);
    server.time.advance(500);
    expect((await worker.next("task")).task).toBeDefined();
  });
});

describe("a result", () => {
  test.each([
    ['{"x": 1e400}', '{"x": 1e400}'],
    ["", "{}"],
    [" null ", "{}"],
  ])("of %j completes the task (defect 55: also without one)", async (given, kept) => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    worker.send(completed(id, given));
    expect(await worker.next("resultAck")).toEqual({ taskId: id, ok: true, errorMessage: "", errorCode: "" });
    expect(await server.queue.get(TENANT, id)).toMatchObject({ state: "completed", result: kept });
  });

  test("defect 22: of failure fails it for good, and is no dead letter; that is for tasks that were tried again", async () => {
    await using server = await GrpcFixture.start(store());
    const [failed = "", dead = ""] = await server.fill(2, { maxAttempts: 2 });
    const worker = await server.worker();
    worker.send(ready(2));
    await worker.next("taskBatch");
    worker.send({ event: { $case: "result", value: resultMessage(failed, { status: "FAILED", error: "broken" }) } });
    expect(await worker.next("resultAck")).toMatchObject({ ok: true });
    for (const dlq of [false, true]) {
      worker.send({ event: { $case: "nack", value: { taskId: dead, delaySeconds: 0, reason: "later" } } });
      expect(await worker.next("nackAck")).toMatchObject({ ok: true, dlq });
      worker.send(ready());
      if (!dlq) expect((await worker.next("task")).task).toMatchObject({ id: dead, attempts: 2 });
    }
    expect(await server.queue.get(TENANT, failed)).toMatchObject({ state: "failed", error: "broken", attempts: 1 });
    expect(await server.queue.get(TENANT, dead)).toMatchObject({ state: "dead", error: "later" });
    expect(await server.queue.stats(TENANT, undefined)).toMatchObject([{ failed: 1, dead: 1, leased: 0 }]);
  });

  test("that is wrong is refused, and the task is still held", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    for (const [result, errorMessage] of [
      [{ status: "DONE" }, 'invalid status (must be COMPLETED or FAILED): "DONE"'],
      [{ resultJson: Buffer.from("[1]") }, "invalid result_json: must be a JSON object"],
      [{ resultJson: Buffer.from("{") }, "invalid result_json: not valid JSON"],
      [{ resultJson: Buffer.from([0xff]) }, "invalid result_json: not valid UTF-8"],
      [{ status: "FAILED", error: " " }, "error required when status=FAILED"],
      [{ taskId: "nope" }, "task not found"],
    ] as const) {
      worker.send({ event: { $case: "result", value: resultMessage(id, result) } });
      expect(await worker.next("resultAck")).toMatchObject({ ok: false, errorMessage });
    }
    expect((await server.queue.get(TENANT, id))?.state).toBe("leased");
  });

  test("comes in batches, each item acknowledged for itself, in order", async () => {
    await using server = await GrpcFixture.start(store());
    const ids = await server.fill(3);
    const worker = await server.worker();
    worker.send(ready(3));
    await worker.next("taskBatch");
    const results = [...ids, ids[0] ?? ""].map((id) => resultMessage(id));
    worker.send({ event: { $case: "resultBatch", value: { results } } });
    const { acks } = await worker.next("resultAckBatch");
    expect(acks.map(({ taskId, ok, errorMessage }) => [taskId, ok, errorMessage])).toEqual([
      [ids[0] ?? "", true, ""],
      [ids[1] ?? "", true, ""],
      [ids[2] ?? "", true, ""],
      [ids[0] ?? "", false, "not-in-progress"],
    ]);
  });

  test("over the limit of a batch is refused item by item", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { batchMax: 2 } });
    const worker = await server.worker();
    const results = ["a", "b", "c"].map((id) => resultMessage(id));
    worker.send({ event: { $case: "resultBatch", value: { results } } });
    const { acks } = await worker.next("resultAckBatch");
    expect(acks.map(({ taskId, errorMessage }) => [taskId, errorMessage])).toEqual(
      ["a", "b", "c"].map((id) => [id, "batch size exceeds maximum of 2"]),
    );
  });

  test("defect 55: an empty batch is answered with an empty batch", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    worker.send({ event: { $case: "resultBatch", value: { results: [] } } });
    expect(await worker.next("resultAckBatch")).toEqual({ acks: [] });
  });

  test("defect 31: is taken from the worker that holds the task, by its name and of its tenant", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1);
    const holder = await server.worker("holder");
    holder.send(ready());
    await holder.next("task");
    const other = await server.worker("other");
    other.send(completed(id));
    expect(await other.next("resultAck")).toMatchObject({
      ok: false,
      errorMessage: "not-owner",
      errorCode: "NOT_OWNER",
    });
    expect(await server.queue.complete({ tenant: "else", worker: "holder" }, [COMPLETED(id)])).toMatchObject([
      { ok: false },
    ]);
    holder.send(completed(id));
    expect(await holder.next("resultAck")).toMatchObject({ ok: true });
  });
});

describe("a lease", () => {
  async function held(server: GrpcFixture, maxAttempts = 5) {
    const [id = ""] = await server.fill(1, { maxAttempts });
    const worker = await server.worker("holder");
    worker.send(ready());
    await worker.next("task");
    return { id, worker };
  }

  test.each([
    [undefined, 6, "delayed"],
    [-1, 6, "delayed"],
    [0, 0, "ready"],
    [7, 7, "delayed"],
  ] as const)(
    "given up with a delay of %j s ends at once (defect 20: 0 means 0)",
    async (delaySeconds, applied, state) => {
      const retry = { backoff: "fixed", baseMs: 5500, maxMs: 900_000 } as const;
      await using server = await GrpcFixture.start(store(), { policy: { retry } });
      const { id, worker } = await held(server);
      const value = delaySeconds === undefined ? { taskId: id, reason: "" } : { taskId: id, delaySeconds, reason: "" };
      worker.send({ event: { $case: "nack", value } });
      expect(await worker.next("nackAck")).toMatchObject({ ok: true, appliedDelaySeconds: applied, dlq: false });
      expect((await server.queue.get(TENANT, id))?.state).toBe(state);
    },
  );

  test("given up the last time allowed leaves a dead letter with the reason", async () => {
    await using server = await GrpcFixture.start(store());
    const { id, worker } = await held(server, 1);
    worker.send({ event: { $case: "nack", value: { taskId: id, reason: "no use" } } });
    expect(await worker.next("nackAck")).toMatchObject({ ok: true, dlq: true });
    expect(await server.queue.get(TENANT, id)).toMatchObject({ state: "dead", error: "no use" });
  });

  test("abandoned is free for others", async () => {
    await using server = await GrpcFixture.start(store());
    const { id, worker } = await held(server);
    worker.send({ event: { $case: "abandon", value: { taskId: id } } });
    expect(await worker.next("abandonAck")).toMatchObject({ taskId: id, ok: true });
    worker.send(ready());
    expect((await worker.next("task")).task?.id).toBe(id);
  });

  test("grows with a heartbeat", async () => {
    await using server = await GrpcFixture.start(store());
    const { id, worker } = await held(server);
    worker.send({ event: { $case: "heartbeat", value: { taskId: id, extendSeconds: 1000 } } });
    expect(await worker.next("heartbeatAck")).toMatchObject({ ok: true });
    expect((await server.queue.get(TENANT, id))?.leaseUntilMs).toBe(server.time.now + 1_000_000);
  });

  test("is not changed by a heartbeat that asks for too much", async () => {
    await using server = await GrpcFixture.start(store());
    const { id, worker } = await held(server);
    worker.send({ event: { $case: "heartbeat", value: { taskId: id, extendSeconds: 86_401 } } });
    const errorMessage = "lease of 86401 s is over the limit of 86400 s";
    const refusal = { ok: false, errorMessage, errorCode: "INVALID_ARGUMENT" };
    expect(await worker.next("heartbeatAck")).toMatchObject(refusal);
    expect((await server.queue.get(TENANT, id))?.state).toBe("leased");
  });

  test("of another worker, or of no task, is refused in every way", async () => {
    await using server = await GrpcFixture.start(store());
    const { id } = await held(server);
    const other = await server.worker("other");
    for (const [taskId, errorMessage] of [
      [id, "not-owner"],
      ["nope", "not-found"],
    ] as const) {
      other.send({ event: { $case: "nack", value: { taskId, delaySeconds: 0, reason: "" } } });
      expect(await other.next("nackAck")).toMatchObject({ taskId, ok: false, errorMessage });
      other.send({ event: { $case: "abandon", value: { taskId } } });
      expect(await other.next("abandonAck")).toMatchObject({ taskId, ok: false, errorMessage });
      other.send({ event: { $case: "heartbeat", value: { taskId, extendSeconds: 0 } } });
      expect(await other.next("heartbeatAck")).toMatchObject({ taskId, ok: false, errorMessage });
    }
  });

  test("settled twice in one breath counts as it was said first", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1);
    using raw = new RawStream(server.workerPort, STREAM_PATHS.worker, 65_535);
    const hello = { event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "w" } } } as const;
    raw.send([hello, ready()].map((event) => WorkerEvent.encode(event).finish()));
    await server.leased(1);
    const nack = { event: { $case: "nack", value: { taskId: id, delaySeconds: 0, reason: "" } } } as const;
    raw.send([completed(id), nack].map((event) => WorkerEvent.encode(event).finish()));
    expect((await server.finished(id)).state).toBe("completed");
  });
});

describe("a worker's scopes", () => {
  test.each([
    ["codeq:claim", ready()],
    ["codeq:result", completed("x")],
    ["codeq:result", { event: { $case: "resultBatch", value: { results: [] } } }],
    ["codeq:nack", { event: { $case: "nack", value: { taskId: "x", reason: "" } } }],
    ["codeq:heartbeat", { event: { $case: "heartbeat", value: { taskId: "x", extendSeconds: 0 } } }],
    ["codeq:abandon", { event: { $case: "abandon", value: { taskId: "x" } } }],
  ] as const)("without %s the request is refused, and the stream goes on", async (scope, event) => {
    const authenticators = limited(
      WORKER_SCOPES.filter((one) => one !== scope),
      ["*"],
    );
    await using server = await GrpcFixture.start(store(), { authenticators });
    const worker = await server.worker();
    worker.send(event as Parameters<typeof worker.send>[0]);
    expect(await worker.next("error")).toEqual({ code: "PermissionDenied", message: "missing scope" });
    worker.send({});
    expect(await worker.next("error")).toMatchObject({ message: "unknown-event" });
  });
});

function COMPLETED(id: string) {
  return { id, state: "completed", result: "{}", error: undefined } as const;
}
