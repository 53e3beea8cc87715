import { describe, expect, test } from "bun:test";
import { CodeqError } from "../queue/errors.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, create, GrpcFixture, ready } from "./grpc-fixture.ts";

const SECRET = "SQLITE_IOERR in /var/lib/codeq/shard-0.db";
const HIDDEN = { ok: false, errorMessage: "internal error", errorCode: "INTERNAL" };

describe.each([
  ["that nobody expected", new Error(SECRET)],
  ["of ours", new CodeqError("INTERNAL", SECRET)],
])("an error %s tells a client no more than that there was one:", (_, error) => {
  test("to each task of a producer", async () => {
    const memory = new MemoryStore([1, 2]);
    await using server = await GrpcFixture.start(memory);
    const producer = await server.producer();
    memory.insert = () => Promise.reject(error);
    producer.send(create(1));
    expect(await producer.next("createAck")).toMatchObject(HIDDEN);
  });

  test("to each request of a worker", async () => {
    const memory = new MemoryStore([1, 2]);
    await using server = await GrpcFixture.start(memory);
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    memory.complete = () => Promise.reject(error);
    memory.release = () => Promise.reject(error);
    memory.extend = () => Promise.reject(error);
    worker.send(completed(id));
    expect(await worker.next("resultAck")).toMatchObject(HIDDEN);
    worker.send({ event: { $case: "nack", value: { taskId: id, reason: "" } } });
    expect(await worker.next("nackAck")).toMatchObject(HIDDEN);
    worker.send({ event: { $case: "abandon", value: { taskId: id } } });
    expect(await worker.next("abandonAck")).toMatchObject(HIDDEN);
    worker.send({ event: { $case: "heartbeat", value: { taskId: id, extendSeconds: 0 } } });
    expect(await worker.next("heartbeatAck")).toMatchObject(HIDDEN);
  });
});
