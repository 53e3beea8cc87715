import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { WorkerEvent } from "../../../proto/generated/worker.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, GrpcFixture, ready, TEST_TOKEN, until } from "./grpc-fixture.ts";
import { RawStream } from "./raw-stream-fixture.ts";
import { STREAM_PATHS } from "./stream-definition.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const TENANT = "dev-tenant";

describe("a worker that goes away", () => {
  test("defect 18: keeps the lease of what was delivered until that ends", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    worker.call.cancel();
    await server.gone("worker");
    expect(await server.queue.get(TENANT, id)).toMatchObject({ state: "leased", attempts: 1 });
  });

  test("waits no more: the next task goes to another", async () => {
    await using server = await GrpcFixture.start(store());
    const gone = await server.worker("gone");
    gone.send(ready(8));
    await server.settled(gone);
    const other = await server.worker("other");
    other.send(ready(8));
    await server.settled(other);
    gone.call.cancel();
    await server.gone("worker", 1);
    await server.fill(3);
    expect((await other.next("taskBatch")).tasks.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  test("defect 17: what was claimed for it and did not reach it goes back at once, not counted", async () => {
    const memory = store();
    await using server = await GrpcFixture.start(memory);
    const ids = await server.fill(4);
    const worker = await server.worker();
    const claim = memory.claim.bind(memory);
    const { promise: leaving, resolve: leave } = Promise.withResolvers<void>();
    memory.claim = async (...request) => {
      const tasks = await claim(...request);
      // The client leaves between the claim and its delivery.
      worker.call.cancel();
      await server.gone("worker");
      leave();
      return tasks;
    };
    worker.send(ready(4));
    await leaving;
    memory.claim = claim;
    const next = await server.worker("next");
    next.send(ready(4));
    const { tasks } = await next.next("taskBatch");
    expect(tasks.map(({ id, attempts }) => [id, attempts])).toEqual(ids.map((id) => [id, 1]));
  });

  test("defect 17: that did not read, gives back whatever it was not sent", async () => {
    await using server = await GrpcFixture.start(store());
    const payload = JSON.stringify("x".repeat(100_000));
    await server.fill(40, { payload });
    const worker = await server.worker("slow");
    worker.call.pause();
    for (let count = 0; count < 40; count += 1) worker.send(ready());
    await server.leased(1);
    worker.call.cancel();
    await server.gone("worker");
    // All but what the connection took, which is a window of it at most.
    const other = await server.worker("other");
    let others = 0;
    while (others < 35) {
      other.send(ready(40));
      const { tasks } = await other.next("taskBatch");
      expect(tasks.every(({ attempts }) => attempts === 1)).toBe(true);
      others += tasks.length;
    }
  });
});

/** A worker whose connection does not even take one task. */
async function stuckWorker(server: GrpcFixture): Promise<RawStream> {
  const raw = new RawStream(server.workerPort, STREAM_PATHS.worker, 200);
  const hello = { event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "stuck" } } } as const;
  raw.send([hello, ready()].map((event) => WorkerEvent.encode(event).finish()));
  await server.leased(1);
  return raw;
}

describe("a task of which a part was sent", () => {
  test("goes back when the connection breaks: nobody can have it", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1, { payload: JSON.stringify("x".repeat(100_000)) });
    using raw = await stuckWorker(server);
    raw.session.destroy();
    await until(async () => (await server.queue.get(TENANT, id))?.state === "ready");
    expect((await server.queue.get(TENANT, id))?.attempts).toBe(0);
  });

  test("keeps its lease when the stream is ended: the rest may still arrive", async () => {
    await using server = await GrpcFixture.start(store());
    const [id = ""] = await server.fill(1, { payload: JSON.stringify("x".repeat(100_000)) });
    using raw = await stuckWorker(server);
    const other = await server.worker("other");
    for (let seconds = 0; seconds < 61; seconds += 0.25) server.time.advance(250);
    await server.gone("worker", 1);
    await server.settled(other);
    expect(raw.stream.destroyed).toBe(false);
    expect(await server.queue.get(TENANT, id)).toMatchObject({ state: "leased", worker: "stuck" });
  });
});

describe("a worker that does not read", () => {
  test("claims nothing more until it does", async () => {
    await using server = await GrpcFixture.start(store());
    await server.fill(10, { payload: JSON.stringify("x".repeat(100_000)) });
    using raw = await stuckWorker(server);
    raw.send(Array.from({ length: 9 }, () => WorkerEvent.encode(ready()).finish()));
    const other = await server.worker("other");
    for (let tick = 0; tick < 10; tick += 1) {
      await server.settled(other);
      server.time.advance(250);
    }
    await until(() => server.grpc.streams.counts("worker").waiting === 9);
    for (let turn = 0; turn < 20; turn += 1) await server.settled(other);
    const [lane] = await server.queue.stats(TENANT, undefined);
    expect(lane).toMatchObject({ leased: 1, ready: [9, 0, 0, 0, 0, 0, 0, 0, 0, 0] });
  });

  test("gets no more than the connection takes; the rest is for others, and the client loses no turn", async () => {
    await using server = await GrpcFixture.start(store());
    await server.fill(40, { payload: JSON.stringify("x".repeat(100_000)) });
    const slow = await server.worker("slow");
    slow.call.pause();
    for (let count = 0; count < 40; count += 1) slow.send(ready());
    await server.leased(1);
    const other = await server.worker("other");
    for (let count = 0; count < 20; count += 1) other.send(ready());
    while (other.unread < 20) {
      await server.settled(other);
      server.time.advance(250);
    }
    for (let count = 0; count < 20; count += 1) expect((await other.next("task")).task?.attempts).toBe(1);
    slow.call.resume();
    await server.fill(20);
    for (let count = 0; count < 40; count += 1) await slow.next("task");
  });

  test("does not owe what it never got: its stream can end in peace", async () => {
    await using server = await GrpcFixture.start(store());
    const slow = await server.worker("slow");
    slow.call.pause();
    for (let count = 0; count < 40; count += 1) slow.send(ready());
    await until(() => server.grpc.streams.counts("worker").waiting === 40);
    // The first claim may have been made for the first Ready alone; the next is for all of them.
    await server.fill(1);
    await server.fill(39, { payload: JSON.stringify("x".repeat(100_000)) });
    await server.leased(40);
    const other = await server.worker("other");
    other.send(ready());
    while (other.unread < 1) {
      await server.settled(other);
      server.time.advance(250);
    }
    const closed = server.grpc.close();
    slow.call.resume();
    for (let event = await slow.event(); event !== undefined; event = await slow.event()) {
      if (event.event?.$case === "task") slow.send(completed(event.event.value.task?.id ?? ""));
    }
    expect(await slow.ended).toMatchObject({ code: status.UNAVAILABLE });
    other.call.cancel();
    await closed;
  });

  test("for long is ended", async () => {
    await using server = await GrpcFixture.start(store());
    await server.fill(40, { payload: JSON.stringify("x".repeat(100_000)) });
    const slow = await server.worker("slow");
    slow.call.pause();
    for (let count = 0; count < 40; count += 1) slow.send(ready());
    await server.leased(1);
    const other = await server.worker("other");
    for (let seconds = 0; seconds < 61; seconds += 0.25) server.time.advance(250);
    slow.call.resume();
    const details = "the client does not read what it is sent";
    expect(await slow.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    other.send(ready(1));
    expect(await other.next("task")).toBeDefined();
  });
});

describe("an answer to a Ready", () => {
  test("is one message of bounded size; what does not fit goes back, and to the next Ready", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { assignmentBytesMax: 100_000 } });
    const ids = await server.fill(10, { payload: JSON.stringify("x".repeat(10_000)) });
    const worker = await server.worker();
    const seen: string[] = [];
    while (seen.length < 10) {
      worker.send(ready(10));
      const { tasks } = await worker.next("taskBatch");
      expect(tasks.length).toBeLessThanOrEqual(9);
      expect(tasks.every(({ attempts }) => attempts === 1)).toBe(true);
      seen.push(...tasks.map(({ id }) => id));
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  test("is of bounded size even if tasks were small before: clients take no larger message", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { assignmentBytesMax: 100_000 } });
    const worker = await server.worker();
    for (let round = 0; round < 5; round += 1) {
      await server.fill(3);
      worker.send(ready(3));
      await worker.next("taskBatch");
    }
    const ids = await server.fill(20, { payload: JSON.stringify("x".repeat(10_000)) });
    const seen: string[] = [];
    while (seen.length < 20) {
      worker.send(ready(20));
      const { tasks } = await worker.next("taskBatch");
      expect(tasks.reduce((sum, { payload }) => sum + payload.length, 0)).toBeLessThan(100_000);
      expect(tasks.every(({ attempts }) => attempts === 1)).toBe(true);
      seen.push(...tasks.map(({ id }) => id));
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  test("is claimed with the size of tasks in mind: no more is read than is likely to fit", async () => {
    const memory = store();
    const claim = memory.claim.bind(memory);
    const counts: number[] = [];
    memory.claim = (requests, now) => {
      counts.push(...requests.map(({ count }) => count));
      return claim(requests, now);
    };
    await using server = await GrpcFixture.start(memory, { limits: { assignmentBytesMax: 100_000 } });
    await server.fill(20, { payload: JSON.stringify("x".repeat(30_000)) });
    const worker = await server.worker();
    for (const expected of [6, 3, 3]) {
      counts.length = 0;
      worker.send(ready(20));
      await worker.next("taskBatch");
      expect(counts).toEqual([expected]);
    }
  });

  test("holds no more tasks than the server wants to hand out at a time", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { assignmentMax: 2 } });
    await server.fill(3);
    const worker = await server.worker();
    worker.send(ready(2 ** 31 - 1));
    expect((await worker.next("taskBatch")).tasks).toHaveLength(2);
  });

  test("holds at least one task, however large", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { assignmentBytesMax: 1000 } });
    await server.fill(2, { payload: JSON.stringify("x".repeat(10_000)) });
    const worker = await server.worker();
    worker.send(ready(2));
    expect((await worker.next("taskBatch")).tasks).toHaveLength(1);
  });
});

describe("many slots", () => {
  test("512 on one stream each get their task, and no task goes to two", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = await server.worker();
    for (let slot = 0; slot < 512; slot += 1) worker.send(ready());
    const ids = await server.fill(512);
    const seen: string[] = [];
    while (seen.length < 512) seen.push((await worker.next("task")).task?.id ?? "");
    expect(seen.toSorted()).toEqual(ids.toSorted());
    for (const id of seen) worker.send(completed(id));
    expect((await worker.acks(512)).every(({ ok }) => ok)).toBe(true);
  });

  test("512 connections of one slot each get their task", async () => {
    await using server = await GrpcFixture.start(store());
    const workers = await Promise.all(Array.from({ length: 512 }, (_, index) => server.worker(`w${index}`)));
    for (const worker of workers) worker.send(ready());
    await Promise.all(workers.map((worker) => server.settled(worker)));
    const ids = await server.fill(512);
    const tasks = await Promise.all(workers.map((worker) => worker.next("task")));
    expect(tasks.map(({ task }) => task?.id ?? "").toSorted()).toEqual(ids.toSorted());
    for (const [index, worker] of workers.entries()) worker.send(completed(tasks[index]?.task?.id ?? ""));
    const acks = await Promise.all(workers.map((worker) => worker.next("resultAck")));
    expect(acks.every(({ ok }) => ok)).toBe(true);
  }, 20_000);
});
