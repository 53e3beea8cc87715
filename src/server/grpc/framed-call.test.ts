import { expect, test } from "bun:test";
import { deflateSync, gzipSync } from "node:zlib";
import { type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import { ProducerEvent } from "../../../proto/generated/producer.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { FramedCall } from "./framed-call.ts";
import { create, GrpcFixture, TEST_TOKEN } from "./grpc-fixture.ts";
import { RawStream } from "./raw-stream-fixture.ts";
import { STREAM_PATHS } from "./stream-definition.ts";

const HELLO = Buffer.from(ProducerEvent.encode({ event: { $case: "hello", value: { token: TEST_TOKEN } } }).finish());

function createBytes(seq: number): Buffer {
  return Buffer.from(ProducerEvent.encode(create(seq)).finish());
}

async function start(messageBytesMax = 10_000): Promise<GrpcFixture> {
  return GrpcFixture.start(new MemoryStore([1, 2]), { limits: { messageBytesMax } });
}

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
] as const)("messages in %s are understood, in order, between others that are not", async (encoding, compress) => {
  await using server = await start();
  using raw = new RawStream(server.producerPort, STREAM_PATHS.producer, 65_535, encoding);
  raw.send([HELLO]);
  raw.send([compress(createBytes(1)), createBytes(2), compress(createBytes(3))], [0, 2]);
  raw.stream.resume();
  const seen: number[] = [];
  const created = server.queue.create.bind(server.queue);
  const { promise: all, resolve } = Promise.withResolvers<void>();
  server.queue.create = (tenant, items) => {
    seen.push(...items.map((item) => ("seq" in item ? Number(item.seq) : 0)));
    if (seen.length === 3) resolve();
    return created(tenant, items);
  };
  await all;
  expect(seen).toEqual([1, 2, 3]);
});

test.each([
  ["gzip", Buffer.from("nothing"), status.INTERNAL, "Failed to decompress message"],
  ["snappy", Buffer.from("x"), status.UNIMPLEMENTED, 'Received message compressed with unsupported encoding "snappy"'],
  [
    "gzip",
    gzipSync(Buffer.alloc(1_000_000)),
    status.RESOURCE_EXHAUSTED,
    "Received message that decompresses to a size larger than 10000",
  ],
] as const)("a message in %s that cannot be read ends the stream", async (encoding, bytes, code, details) => {
  await using server = await start();
  using raw = new RawStream(server.producerPort, STREAM_PATHS.producer, 65_535, encoding);
  const ended = raw.ended();
  raw.send([HELLO]);
  raw.send([bytes], [0]);
  expect(await ended).toEqual({ code, details });
  await server.gone("producer");
  expect(server.ends).toEqual(["producer bad_message"]);
});

test("a message over the bound ends the stream", async () => {
  await using server = await start();
  using raw = new RawStream(server.producerPort, STREAM_PATHS.producer, 65_535);
  const ended = raw.ended();
  raw.send([HELLO]);
  raw.send([Buffer.alloc(10_001)]);
  const details = "Received message larger than max (10001 vs 10000)";
  expect(await ended).toEqual({ code: status.RESOURCE_EXHAUSTED, details });
});

test("another grpc-js than it was made for is noticed", () => {
  const call = { incomingEncoding: "identity" } as unknown as ServerInterceptingCallInterface;
  expect(() => new FramedCall(call, (_, writer) => writer, 1)).toThrow("keeps the streams of its calls elsewhere");
});
