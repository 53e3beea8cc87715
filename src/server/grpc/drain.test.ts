import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, create, GrpcFixture, ready, until } from "./grpc-fixture.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const GOING = { code: status.UNAVAILABLE, details: "the server is going away, connect again" };
const OLD = { code: status.UNAVAILABLE, details: "the stream is too old, connect again" };

describe("a server that goes away", () => {
  test("ends streams that have nothing to finish, and closes", async () => {
    await using server = await GrpcFixture.start(store());
    const streams = [await server.producer(), await server.worker()];
    const waiting = await server.worker();
    waiting.send(ready());
    await server.settled(waiting);
    await server.grpc.close();
    for (const stream of [...streams, waiting]) expect(await stream.ended).toMatchObject(GOING);
  });

  test("acknowledges what it has begun", async () => {
    const memory = store();
    const insert = memory.insert.bind(memory);
    const { promise: inserting, resolve: begun } = Promise.withResolvers<void>();
    const { promise: disk, resolve: written } = Promise.withResolvers<void>();
    memory.insert = async (...items) => {
      begun();
      await disk;
      return insert(...items);
    };
    await using server = await GrpcFixture.start(memory);
    const producer = await server.producer();
    producer.send(create(1));
    await inserting;
    const closed = server.grpc.close();
    written();
    expect(await producer.next("createAck")).toMatchObject({ ok: true });
    expect(await producer.ended).toMatchObject(GOING);
    await closed;
  });

  test("takes the results of tasks it handed out, but hands out no more", async () => {
    await using server = await GrpcFixture.start(store());
    const [first = "", second = ""] = await server.fill(2);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    const closed = server.grpc.close();
    worker.send(ready());
    worker.send({ event: { $case: "heartbeat", value: { taskId: first, extendSeconds: 60 } } });
    expect(await worker.next("heartbeatAck")).toMatchObject({ ok: true });
    worker.send(completed(first));
    expect(await worker.next("resultAck")).toMatchObject({ ok: true });
    expect(await worker.ended).toMatchObject(GOING);
    await closed;
    expect(await server.queue.get("dev-tenant", second)).toMatchObject({ state: "ready", attempts: 0 });
  });

  test("waits no longer for a task that the worker gives up", async () => {
    await using server = await GrpcFixture.start(store());
    const [first = "", second = ""] = await server.fill(2);
    const worker = await server.worker();
    worker.send(ready(2));
    await worker.next("taskBatch");
    const closed = server.grpc.close();
    worker.send({ event: { $case: "nack", value: { taskId: first, reason: "" } } });
    expect(await worker.next("nackAck")).toMatchObject({ ok: true });
    worker.send({ event: { $case: "abandon", value: { taskId: second } } });
    expect(await worker.next("abandonAck")).toMatchObject({ ok: true });
    expect(await worker.ended).toMatchObject(GOING);
    await closed;
  });

  test("does not wait for what a worker never hands in", async () => {
    await using server = await GrpcFixture.start(store());
    await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    const closed = server.grpc.close();
    server.grpc.terminate();
    expect((await worker.ended).code).not.toBe(status.OK);
    await closed;
  });

  test("takes no new streams on connections that are still there", async () => {
    await using server = await GrpcFixture.start(store());
    await server.fill(1);
    const client = server.client(server.workerPort);
    const worker = await server.worker("w", undefined, client);
    worker.send(ready());
    await worker.next("task");
    void server.grpc.close();
    const late = server.rawWorker(client);
    expect(await late.ended).toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe("a stream that is too old", () => {
  test("ends once its worker handed in its work", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { streamAgeMsMax: 60_000 } });
    const [id = ""] = await server.fill(1);
    const idle = await server.worker("idle");
    const busy = await server.worker("busy");
    busy.send(ready());
    await busy.next("task");
    server.time.advance(60_000);
    expect(await idle.ended).toMatchObject(OLD);
    busy.send(completed(id));
    expect(await busy.next("resultAck")).toMatchObject({ ok: true });
    expect(await busy.ended).toMatchObject(OLD);
  });

  test("defect 1: whose worker lost its lease still ends, and the worker's next Ready finds its task", async () => {
    const limits = { streamAgeMsMax: 60_000, streamAgeGraceMs: 30_000 };
    await using server = await GrpcFixture.start(store(), { limits });
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready(1, [], 1));
    await worker.next("task");
    server.time.advance(60_000);
    await server.queue.sweepDue();
    worker.send(completed(id));
    expect(await worker.next("resultAck")).toMatchObject({ ok: false });
    worker.send(ready());
    await server.settled(worker);
    server.time.advance(29_999);
    await server.settled(worker);
    server.time.advance(1);
    expect(await worker.ended).toMatchObject(OLD);
    await server.queue.sweepDue();
    const next = await server.worker();
    next.send(ready());
    expect((await next.next("task")).task).toMatchObject({ id, attempts: 2 });
  });

  test("ends after its grace even if work is under way, and the worker hands that in over its next stream", async () => {
    const limits = { streamAgeMsMax: 60_000, streamAgeGraceMs: 30_000 };
    await using server = await GrpcFixture.start(store(), { limits });
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    server.time.advance(60_000);
    server.time.advance(30_000);
    expect(await worker.ended).toMatchObject(OLD);
    const next = await server.worker();
    next.send(completed(id));
    expect(await next.next("resultAck")).toMatchObject({ ok: true });
  });

  test("acknowledges what it took before its grace was over, and takes no more", async () => {
    const memory = store();
    const complete = memory.complete.bind(memory);
    const { promise: completing, resolve: begun } = Promise.withResolvers<void>();
    const { promise: disk, resolve: written } = Promise.withResolvers<void>();
    memory.complete = async (...items) => {
      begun();
      await disk;
      return complete(...items);
    };
    const limits = { streamAgeMsMax: 60_000, streamAgeGraceMs: 30_000 };
    await using server = await GrpcFixture.start(memory, { limits });
    const ids = await server.fill(5);
    const worker = await server.worker();
    worker.send(ready(5));
    await worker.next("taskBatch");
    worker.send(completed(ids[0] ?? ""));
    await completing;
    server.time.advance(60_000);
    server.time.advance(30_000);
    for (const id of ids.slice(1, 4)) worker.send(completed(id));
    // The next message had been asked for already.
    await until(() => server.grpc.streams.counts("worker").inFlight === 2);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    written();
    expect(await worker.acks(2)).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await worker.ended).toMatchObject(OLD);
    expect(await server.queue.get("dev-tenant", ids[3] ?? "")).toMatchObject({ state: "leased" });
  });
});
