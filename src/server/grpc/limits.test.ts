import { describe, expect, test } from "bun:test";
import { connect, constants } from "node:http2";
import { createConnection } from "node:net";
import { Client, credentials, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { MemoryStore } from "../store/memory-store.ts";
import { create, createMessage, GrpcFixture, TEST_TOKEN, until } from "./grpc-fixture.ts";
import { STREAM_PATHS } from "./stream-definition.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);

/** A stream on which bytes are sent as they are, after a Hello if wanted; yields how it ended. */
function sendBytes(server: GrpcFixture, messages: readonly Buffer[], hello: boolean) {
  const raw = (bytes: Buffer): Buffer => bytes;
  const client = server.client(server.producerPort);
  const call = client.makeBidiStreamRequest(STREAM_PATHS.producer, raw, raw);
  call.on("error", () => undefined);
  call.on("data", () => undefined);
  // producerpb.ProducerEvent{hello{token}}
  const token = Buffer.from(TEST_TOKEN);
  const greeting = Buffer.concat([Buffer.from([10, token.length + 2, 10, token.length]), token]);
  for (const message of hello ? [greeting, ...messages] : messages) call.write(message);
  return new Promise<{ code: status; details: string }>((resolve) => call.on("status", resolve));
}

describe("a message", () => {
  test.each([
    ["that ends early", Buffer.from([18, 100, 8]), "the message ends early"],
    ["with a number without end", Buffer.alloc(30, 0xff), "a number of more than ten bytes"],
    ["with a text that is not UTF-8", Buffer.from([18, 4, 18, 2, 0xff, 0xff]), "a text that is not UTF-8"],
  ])("%s ends its stream as an invalid argument, before and after Hello", async (_, bytes, reason) => {
    await using server = await GrpcFixture.start(store());
    const other = await server.producer();
    const details = `a message is not a valid producerpb.ProducerEvent: ${reason}`;
    for (const hello of [true, false]) {
      expect(await sendBytes(server, [bytes], hello)).toMatchObject({ code: status.INVALID_ARGUMENT, details });
    }
    other.send(create(1));
    expect(await other.next("createAck")).toMatchObject({ ok: true });
  });

  test("larger than allowed ends its stream as too much, and other streams go on", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { messageBytesMax: 100_000 } });
    const other = await server.producer();
    const ended = await sendBytes(server, [Buffer.alloc(100_001)], true);
    expect(ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    other.send(create(1));
    expect(await other.next("createAck")).toMatchObject({ ok: true });
  });

  test("of any bytes never takes the server down", async () => {
    await using server = await GrpcFixture.start(store());
    const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (message, hello) => {
        // The blank hello at the end ends those that were taken for an event we know.
        const { code } = await sendBytes(server, [message, Buffer.from([10, 100])], hello);
        const ends = [status.INVALID_ARGUMENT, status.FAILED_PRECONDITION, status.UNAUTHENTICATED];
        expect(ends).toContain(code);
      }),
      { numRuns: 100 },
    );
    const producer = await server.producer();
    producer.send(create(1));
    expect(await producer.next("createAck")).toMatchObject({ ok: true });
  });
});

describe("defect 36: streams", () => {
  test("over the limit of all together are refused", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { streamsMax: 2 } });
    const [first] = [await server.producer(), await server.worker()];
    const third = server.rawProducer();
    const details = "too many open streams (limit 2)";
    expect(await third.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details });
    first.call.cancel();
    await server.gone("producer");
    const fourth = await server.producer();
    fourth.send(create(1));
    expect(await fourth.next("createAck")).toMatchObject({ ok: true });
  });

  test("over the limit of one connection are refused even if the client does not care, and others go on", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { streamsPerConnectionMax: 10 } });
    const other = await server.producer();
    const refused = await openCarelessly(server.producerPort, 1000);
    expect(refused).toBeGreaterThan(0);
    expect(server.grpc.streams.counts("producer").open).toBeLessThanOrEqual(11);
    other.send(create(1));
    expect(await other.next("createAck")).toMatchObject({ ok: true });
  });

  test("of a client that sends and does not read are read no further, and others keep going", async () => {
    await using server = await GrpcFixture.start(store(), { limits: { inFlightMax: 5000 } });
    const flood = await server.producer();
    flood.call.pause();
    const tasks = Array.from({ length: 1000 }, (_, index) => createMessage(index, { command: "" }));
    for (let batch = 0; batch < 100; batch += 1) flood.send({ event: { $case: "createBatch", value: { tasks } } });
    await until(() => server.grpc.streams.counts("producer").inFlight >= 5000);
    const other = await server.producer();
    for (let seq = 0; seq < 100; seq += 1) {
      other.send(create(seq));
      expect(await other.next("createAck")).toMatchObject({ ok: true });
    }
    expect(server.grpc.streams.counts("producer").inFlight).toBeLessThan(6000);
    flood.call.resume();
    expect(await flood.acks(100_000)).toHaveLength(100_000);
  }, 20_000);
});

test("a worker that asks and does not read the answers is read no further", async () => {
  await using server = await GrpcFixture.start(store());
  const flood = await server.worker("flood");
  flood.call.pause();
  let taken = 0;
  const taskId = "x".repeat(10_000);
  for (let count = 0; count < 2000; count += 1) {
    flood.call.write({ event: { $case: "heartbeat", value: { taskId, extendSeconds: 0 } } }, () => {
      taken += 1;
    });
  }
  const other = await server.worker("other");
  let before = -1;
  while (taken !== before) {
    before = taken;
    for (let turn = 0; turn < 20; turn += 1) await server.settled(other);
  }
  expect(taken).toBeLessThan(2000);
  flood.call.resume();
  for (let count = 0; count < 2000; count += 1) expect((await flood.next("heartbeatAck")).ok).toBe(false);
}, 20_000);

describe("a call", () => {
  test("of a method that does not exist is unimplemented", async () => {
    await using server = await GrpcFixture.start(store());
    const raw = (bytes: Buffer): Buffer => bytes;
    const call = server.client(server.workerPort).makeBidiStreamRequest(STREAM_PATHS.producer, raw, raw);
    call.on("error", () => undefined);
    const ended = await new Promise<{ code: status }>((resolve) => call.on("status", resolve));
    expect(ended.code).toBe(status.UNIMPLEMENTED);
  });

  test("that is no gRPC is answered with 415", async () => {
    await using server = await GrpcFixture.start(store());
    const session = connect(`http://127.0.0.1:${server.workerPort}`);
    const request = session.request({ ":method": "POST", ":path": STREAM_PATHS.worker, "content-type": "text/plain" });
    const answered = new Promise((resolve) => request.on("response", (headers) => resolve(headers[":status"])));
    request.end();
    expect(await answered).toBe(constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE);
    session.close();
  });

  test("ends at the deadline that the client set for it", async () => {
    await using server = await GrpcFixture.start(store());
    const client = new Client(`127.0.0.1:${server.producerPort}`, credentials.createInsecure());
    const raw = (bytes: Buffer): Buffer => bytes;
    const call = client.makeBidiStreamRequest(STREAM_PATHS.producer, raw, raw, { deadline: Date.now() + 50 });
    call.on("error", () => undefined);
    const ended = await new Promise<{ code: status }>((resolve) => call.on("status", resolve));
    expect(ended.code).toBe(status.DEADLINE_EXCEEDED);
    client.close();
    await server.gone("producer");
  });
});

/** Opens streams without looking at what the server allows; yields how many it refused before it lost patience. */
function openCarelessly(port: number, streams: number): Promise<number> {
  const headers = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", STREAM_PATHS.producer],
    [":authority", "x"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ] as const;
  const block = Buffer.concat(headers.map(([name, value]) => literal(name, value)));
  const socket = createConnection(port, "127.0.0.1");
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
  for (let index = 0; index < streams; index += 1) socket.write(frame(HEADERS, END_HEADERS, 1 + 2 * index, block));
  const { promise, resolve } = Promise.withResolvers<number>();
  let refused = 0;
  let unread = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
      if (unread[3] === RST_STREAM || unread[3] === GOAWAY) refused += 1;
      unread = unread.subarray(9 + unread.readUIntBE(0, 3));
    }
    if (refused >= streams - 10) socket.destroy();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(refused));
  return promise;
}

const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_HEADERS = 4;

/** RFC 9113, section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header as RFC 7541, section 6.2.2 writes it: no index, no compression. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}
