import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { staticAuthenticator } from "../auth/static-provider.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { create, createMessage, GrpcFixture } from "./grpc-fixture.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const TENANT = "dev-tenant";

describe("a producer stream", () => {
  test("acknowledges a create once the task is stored, its payload byte for byte", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const payload = '{"b": 1, "a":12345678901234567890, "u":"\\u003c\u00e9\uFFFD"}';
    producer.send(create(7, { payload: Buffer.from(payload), priority: 12, command: " Render " }));
    const ack = await producer.next("createAck");
    expect(ack).toEqual({ seq: 7n, ok: true, taskId: ack.taskId, errorMessage: "", replayed: false, errorCode: "" });
    const task = await server.queue.get(TENANT, ack.taskId);
    expect(task).toMatchObject({ payload, priority: 9, command: "Render", maxAttempts: 5, state: "ready" });
  });

  test("gives back any seq there is", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    for (const seq of [0n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      producer.send(create(seq));
      expect((await producer.next("createAck")).seq).toBe(seq);
    }
  });

  test("answers a batch with a batch, in order, each item for itself", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const tasks = [createMessage(1), createMessage(2, { command: " " }), createMessage(3)];
    producer.send({ event: { $case: "createBatch", value: { tasks } } });
    const { acks } = await producer.next("createAckBatch");
    expect(acks.map(({ seq, ok, errorMessage }) => [seq, ok, errorMessage])).toEqual([
      [1n, true, ""],
      [2n, false, "command is required"],
      [3n, true, ""],
    ]);
  });

  test("answers a batch of one with a batch, and a single one after it alone", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    producer.send({ event: { $case: "createBatch", value: { tasks: [createMessage(1)] } } });
    expect((await producer.next("createAckBatch")).acks).toHaveLength(1);
    producer.send(create(2));
    expect(await producer.next("createAck")).toMatchObject({ seq: 2n, ok: true });
  });

  test("defect 55: an empty batch is answered with an empty batch", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    producer.send({ event: { $case: "createBatch", value: { tasks: [] } } });
    expect(await producer.next("createAckBatch")).toEqual({ acks: [] });
  });

  test("acknowledges every one of many creates in flight exactly once", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { inFlightMax: 50 } });
    const producer = await server.producer();
    for (let seq = 0; seq < 2000; seq += 1) producer.send(create(seq));
    const acks = await producer.acks(2000);
    expect(acks).toHaveLength(2000);
    expect(new Set(acks.map(({ seq }) => seq)).size).toBe(2000);
  });

  test.each([
    ["is no JSON", Buffer.from("{"), "invalid payload: not valid JSON"],
    ["has a byte order mark", Buffer.from("\uFEFF{}"), "invalid payload: not valid JSON"],
    ["is not UTF-8", Buffer.from([0x22, 0xc3, 0x28, 0x22]), "invalid payload: not valid UTF-8"],
    ["is half a surrogate pair", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "invalid payload: not valid UTF-8"],
    ["is too deep", Buffer.from("[".repeat(65) + "]".repeat(65)), "invalid payload: nested deeper than 64 levels"],
    [
      "is too large",
      Buffer.from(`"${"x".repeat(1_048_576)}"`),
      "payload of 1048578 bytes is over the limit of 1048576 bytes",
    ],
  ])("defect 48: refuses a payload that %s, and its neighbour is created", async (_, payload, errorMessage) => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const tasks = [createMessage(1, { payload }), createMessage(2)];
    producer.send({ event: { $case: "createBatch", value: { tasks } } });
    const { acks } = await producer.next("createAckBatch");
    expect(acks.map(({ ok, errorMessage }) => [ok, errorMessage])).toEqual([
      [false, errorMessage],
      [true, ""],
    ]);
  });

  test("takes a payload as deep as allowed, with brackets in its texts, and an empty one for null", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const deep = `${'{"[":'.repeat(63)}["[[\\"[[{{"]${"}".repeat(63)}`;
    for (const [given, kept] of [
      [deep, deep],
      ["", "null"],
    ] as const) {
      producer.send(create(1, { payload: Buffer.from(given) }));
      const { taskId } = await producer.next("createAck");
      expect((await server.queue.get(TENANT, taskId))?.payload).toBe(kept);
    }
  });

  test.each([
    [{ delaySeconds: -1 }, "delaySeconds must be >= 0", "INVALID_ARGUMENT"],
    [{ webhook: "ftp://x" }, "invalid webhook url", "INVALID_ARGUMENT"],
    [{ command: "x".repeat(257) }, "command of 257 bytes is over the limit of 256 bytes", "INVALID_ARGUMENT"],
    [{ delaySeconds: 2 ** 31 - 1 }, "a delay may be at most 31536000 s", "INVALID_ARGUMENT"],
  ])("refuses %j", async (task, errorMessage, errorCode) => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    producer.send(create(1, task));
    expect(await producer.next("createAck")).toMatchObject({ ok: false, taskId: "", errorMessage, errorCode });
  });

  test("delays a task, until a time rather than for a time", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const { now } = server.time;
    for (const [task, state] of [
      [{ delaySeconds: 1 }, "delayed"],
      [{ delaySeconds: 0 }, "ready"],
      [{ runAt: new Date(now + 1) }, "delayed"],
      [{ runAt: new Date(now - 1), delaySeconds: 60 }, "ready"],
    ] as const) {
      producer.send(create(1, task));
      const { taskId } = await producer.next("createAck");
      expect((await server.queue.get(TENANT, taskId))?.state).toBe(state);
    }
  });

  test("the same idempotency key yields the same task, within a batch and later", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const tasks = [1, 2].map((seq) => createMessage(seq, { idempotencyKey: "once" }));
    producer.send({ event: { $case: "createBatch", value: { tasks } } });
    producer.send(create(3, { idempotencyKey: "once" }));
    const acks = await producer.acks(3);
    expect(acks.map(({ ok, replayed }) => [ok, replayed])).toEqual([
      [true, false],
      [true, true],
      [true, true],
    ]);
    expect(new Set(acks.map(({ taskId }) => taskId)).size).toBe(1);
  });

  test("defect 30: idempotency keys of two tenants do not meet", async () => {
    const token = (name: string) =>
      staticAuthenticator({ token: name, subject: name, email: "", scopes: [], eventTypes: [], raw: { tid: name } });
    const [one, two] = [token("one"), token("two")];
    const producer = {
      authenticate: async (credential: Parameters<typeof one.authenticate>[0]) => {
        const first = await one.authenticate(credential);
        return first.ok ? first : two.authenticate(credential);
      },
    };
    const authenticators = { producer, worker: undefined, allowProducerAsWorker: false };
    await using server = await GrpcFixture.start(store(), { authenticators });
    const ids: string[] = [];
    for (const name of ["one", "two"]) {
      const stream = await server.producer(name);
      stream.send(create(1, { idempotencyKey: "once" }));
      ids.push((await stream.next("createAck")).taskId);
    }
    expect(new Set(ids).size).toBe(2);
  });

  test("defect 36: a batch over the limit is refused item by item, and nothing is created", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { batchMax: 2 } });
    const producer = await server.producer();
    const tasks = [1, 2, 3].map((seq) => createMessage(seq));
    producer.send({ event: { $case: "createBatch", value: { tasks } } });
    const { acks } = await producer.next("createAckBatch");
    expect(acks.map(({ seq, ok }) => [seq, ok])).toEqual([
      [1n, false],
      [2n, false],
      [3n, false],
    ]);
    expect(acks[0]?.errorMessage).toBe("batch size exceeds maximum of 2");
    expect(await server.queue.stats(TENANT, undefined)).toEqual([]);
  });

  test("gets acks in messages of bounded size", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    const tasks = Array.from({ length: 10_000 }, (_, seq) => createMessage(seq, { command: "" }));
    producer.send({ event: { $case: "createBatch", value: { tasks } } });
    const sizes: number[] = [];
    while (sizes.reduce((sum, size) => sum + size, 0) < 10_000) {
      sizes.push((await producer.next("createAckBatch")).acks.length);
    }
    expect(sizes).toEqual([4096, 4096, 1808]);
  });

  test("that is half-closed acknowledges what is under way, and ends well", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    for (let seq = 0; seq < 100; seq += 1) producer.send(create(seq));
    producer.call.end();
    expect(await producer.acks(100)).toHaveLength(100);
    expect(await producer.ended).toMatchObject({ code: status.OK });
  });

  test("tells an outage of the store to each task, and goes on when it is over", async () => {
    const memory = store();
    const insert = memory.insert.bind(memory);
    await using server = await GrpcFixture.start(memory);
    const producer = await server.producer();
    const { CodeqError } = await import("../queue/errors.ts");
    memory.insert = () => Promise.reject(new CodeqError("UNAVAILABLE", "storage unavailable"));
    producer.send(create(1));
    const refusal = { ok: false, errorMessage: "storage unavailable", errorCode: "UNAVAILABLE" };
    expect(await producer.next("createAck")).toMatchObject(refusal);
    memory.insert = insert;
    producer.send(create(2));
    expect(await producer.next("createAck")).toMatchObject({ ok: true });
  });
});
