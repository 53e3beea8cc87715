import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, create, GrpcFixture, ready } from "./grpc-fixture.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const GOING = { code: status.UNAVAILABLE, details: "the server is going away, connect again" };

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
    const old = { code: status.UNAVAILABLE, details: "the stream is too old, connect again" };
    expect(await idle.ended).toMatchObject(old);
    busy.send(completed(id));
    expect(await busy.next("resultAck")).toMatchObject({ ok: true });
    expect(await busy.ended).toMatchObject(old);
  });
});
