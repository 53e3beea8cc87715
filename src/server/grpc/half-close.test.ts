import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { CodeqError } from "../queue/errors.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, GrpcFixture, ready, until } from "./grpc-fixture.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const TENANT = "dev-tenant";

describe("a worker that half-closes", () => {
  test("gets every answer, however many", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    for (let event = 0; event < 20; event += 1) worker.send({});
    worker.call.end();
    for (let event = 0; event < 20; event += 1)
      expect(await worker.next("error")).toMatchObject({ message: "unknown-event" });
    expect(await server.endOf(worker)).toMatchObject({ code: status.OK });
  });

  test("gets what it is owed, and the stream ends", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    worker.send(ready());
    worker.send(completed(id));
    worker.call.end();
    expect(await worker.next("resultAck")).toMatchObject({ ok: true });
    expect(await server.endOf(worker)).toMatchObject({ code: status.OK });
  });

  test("after its Readys gets what is there for them, and then the stream ends", async () => {
    const memory = store();
    const claim = memory.claim.bind(memory);
    memory.claim = async (...request) => {
      // By then the server knows that nothing more will come.
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return claim(...request);
    };
    await using server = await GrpcFixture.start(memory);
    const ids = await server.fill(3);
    const worker = await server.worker();
    worker.send(ready(1, ["RENDER"]));
    worker.send(ready(1, ["NONE"]));
    worker.call.end(ready(1, ["RENDER"]));
    expect(await server.endOf(worker)).toMatchObject({ code: status.OK });
    const tasks = [await worker.next("task"), await worker.next("task")].map(({ task }) => task?.id ?? "");
    expect(tasks.toSorted()).toEqual(ids.slice(0, 2));
    expect(await server.queue.get(TENANT, ids[0] ?? "")).toMatchObject({ state: "leased", attempts: 1 });
    expect(await server.queue.get(TENANT, ids[2] ?? "")).toMatchObject({ state: "ready", attempts: 0 });
  });

  test("while its Readys wait is not kept waiting", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    worker.send(ready());
    await until(() => server.queue.waiting.claims === 1);
    worker.call.end();
    expect(await server.endOf(worker)).toMatchObject({ code: status.OK });
    expect(worker.unread).toBe(0);
  });

  test("and turns out to have left has taken nothing", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    worker.send(ready());
    await until(() => server.queue.waiting.claims === 1);
    worker.call.end();
    await until(() => server.queue.waiting.claims === 0);
    const [id = ""] = await server.fill(1);
    const other = await server.worker("other");
    await server.settled(other);
    worker.call.cancel();
    await server.gone("worker", 1);
    expect(await server.queue.get(TENANT, id)).toMatchObject({ state: "ready", attempts: 0 });
  });

  test("during an outage of the store is not kept waiting either", async () => {
    const memory = store();
    await using server = await GrpcFixture.start(memory);
    memory.claim = () => Promise.reject(new CodeqError("UNAVAILABLE", "storage unavailable"));
    const worker = await server.worker();
    worker.send(ready());
    worker.call.end();
    expect(await server.endOf(worker)).toMatchObject({ code: status.OK });
  });
});
