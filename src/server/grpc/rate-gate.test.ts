import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { MemoryStore } from "../store/memory-store.ts";
import { completed, create, createMessage, GrpcFixture, ready, TEST_TOKEN, until } from "./grpc-fixture.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const TENANT = "dev-tenant";

/** Tokens that a test hands out one by one. */
class Tokens {
  left: number;
  held = 0;
  readonly rate = {
    take: (): number => {
      if (this.left === 0) return 1000;
      this.left -= 1;
      return 0;
    },
    held: (): void => {
      this.held += 1;
    },
  };

  constructor(left: number) {
    this.left = left;
  }
}

describe("defect 36: a producer over its rate", () => {
  test("is held up, not refused: each message costs a token, and all are acknowledged in the end", async () => {
    const tokens = new Tokens(2);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    const producer = await server.producer();
    const tasks = [0, 1, 2].map((seq) => createMessage(seq));
    producer.send({ event: { $case: "createBatch", value: { tasks } } });
    for (let seq = 3; seq < 6; seq += 1) producer.send(create(seq));
    const seqs = (await producer.acks(4)).map(({ seq }) => seq);
    for (let round = 0; round < 2; round += 1) {
      await until(() => tokens.held === round + 1);
      expect(producer.unread).toBe(0);
      tokens.left = 1;
      server.time.advance(1000);
      seqs.push(...(await producer.acks(1)).map(({ seq }) => seq));
    }
    expect(seqs).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
  });

  test("waits again when there is no token yet", async () => {
    const tokens = new Tokens(0);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    const producer = await server.producer();
    producer.send(create(1));
    await until(() => tokens.held === 1);
    server.time.advance(1000);
    server.time.advance(1000);
    tokens.left = 1;
    server.time.advance(1000);
    expect(await producer.next("createAck")).toMatchObject({ ok: true });
    expect(tokens.held).toBe(1);
  });

  test("may half-close: what it sent is still acknowledged", async () => {
    const tokens = new Tokens(0);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    const producer = await server.producer();
    producer.send(create(1));
    producer.send(create(2));
    producer.call.end();
    await until(() => tokens.held === 1);
    tokens.left = 2;
    server.time.advance(1000);
    expect(await producer.acks(2)).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await producer.ended).toMatchObject({ code: status.OK });
  });

  test("is not waited for by a server that goes away: what is held up is not created", async () => {
    const tokens = new Tokens(0);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    const producer = await server.producer();
    producer.send(create(1));
    await until(() => tokens.held === 1);
    await server.grpc.close();
    expect(await producer.ended).toMatchObject({ code: status.UNAVAILABLE });
    server.time.advance(1000);
    expect(await server.queue.stats(TENANT, undefined)).toEqual([]);
    expect(server.time.pending).toBe(0);
  });

  test("gets to know of a message that cannot be read, if later", async () => {
    const tokens = new Tokens(0);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    const bytes = (message: Buffer): Buffer => message;
    const client = server.client(server.producerPort);
    const call = client.makeBidiStreamRequest("/producerpb.ProducerStream/Stream", bytes, bytes);
    call.on("error", () => undefined).on("data", () => undefined);
    const ended = new Promise<{ code: status }>((resolve) => call.on("status", resolve));
    const token = Buffer.from(TEST_TOKEN);
    call.write(Buffer.concat([Buffer.from([10, token.length + 2, 10, token.length]), token]));
    call.write(Buffer.from([18, 100, 8]));
    await until(() => tokens.held === 1);
    tokens.left = 1;
    server.time.advance(1000);
    expect((await ended).code).toBe(status.INVALID_ARGUMENT);
  });
});

describe("defect 36: a worker over its rate", () => {
  test("waits for tasks a little longer; what it has to say about those it has does not wait", async () => {
    const tokens = new Tokens(1);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    const [first = "", second = ""] = await server.fill(2);
    const worker = await server.worker();
    worker.send(ready());
    await worker.next("task");
    worker.send(ready());
    worker.send(completed(first));
    expect(await worker.next("resultAck")).toMatchObject({ ok: true });
    expect([tokens.held, worker.unread]).toEqual([1, 0]);
    tokens.left = 1;
    server.time.advance(1000);
    expect((await worker.next("task")).task?.id).toBe(second);
  });

  test("has its Readys served in the order in which it sent them", async () => {
    const tokens = new Tokens(0);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate });
    await server.fill(3);
    const worker = await server.worker();
    worker.send(ready(1));
    worker.send(ready(2));
    await until(() => tokens.held === 2);
    tokens.left = 2;
    server.time.advance(1000);
    await worker.next("task");
    expect((await worker.next("taskBatch")).tasks).toHaveLength(2);
  });

  test("has as many waiting Readys as others, and gets what is there when it half-closes", async () => {
    const tokens = new Tokens(0);
    await using server = await GrpcFixture.start(store(), { rate: tokens.rate, limits: { readysMax: 2 } });
    await server.fill(1);
    const worker = await server.worker();
    for (let count = 0; count < 3; count += 1) worker.send(ready());
    const message = "too many waiting Readys on one stream (limit 2)";
    expect(await worker.next("error")).toEqual({ code: "ResourceExhausted", message });
    worker.call.end();
    tokens.left = 2;
    server.time.advance(1000);
    expect(await server.endOf(worker)).toMatchObject({ code: status.OK });
    await worker.next("task");
  });
});
