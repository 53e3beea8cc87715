import { expect, test } from "bun:test";
import { ProducerEvent } from "../../../proto/generated/producer.ts";
import { WorkerEvent } from "../../../proto/generated/worker.ts";
import { devAuthenticators, WORKER_SCOPES } from "../auth/authenticators.ts";
import { staticAuthenticator } from "../auth/static-provider.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { GrpcFixture, ready, TEST_TOKEN, until } from "./grpc-fixture.ts";
import { RawStream } from "./raw-stream-fixture.ts";
import { STREAM_PATHS } from "./stream-definition.ts";

const store = (): MemoryStore => new MemoryStore([1, 2]);
const HOUR = 3_600_000;

/** For workers one token, which ends after an hour. */
function authenticators() {
  const dev = devAuthenticators(TEST_TOKEN, "dev-tenant");
  const expiresMs = 1_784_548_800_250 + HOUR;
  const content = { token: "hour", subject: "s", email: "", scopes: [...WORKER_SCOPES], eventTypes: ["*"], expiresMs };
  return { ...dev, worker: staticAuthenticator({ ...content, raw: { tid: "acme" } }), allowProducerAsWorker: false };
}

const ENDS: readonly [string, (server: GrpcFixture) => Promise<unknown>][] = [
  ["producer client", async (server) => (await server.producer()).call.end()],
  ["worker disconnected", async (server) => (await server.worker()).call.cancel()],
  ["producer disconnected", breakOff],
  [
    "worker shutdown",
    async (server) => {
      await server.worker();
      void server.grpc.close();
    },
  ],
  [
    "worker age",
    async (server) => {
      await server.worker();
      server.time.advance(24 * HOUR);
    },
  ],
  ["worker hello", async (server) => server.rawWorker().send(ready())],
  ["producer hello", async (server) => server.rawProducer().call.end()],
  [
    "worker auth",
    async (server) => server.rawWorker().send({ event: { $case: "hello", value: { token: "x", workerId: "" } } }),
  ],
  ["producer auth", async (server) => server.rawProducer().send({ event: { $case: "hello", value: { token: "" } } })],
  [
    "worker bad_message",
    async (server) => {
      const workerId = "x".repeat(300);
      server.rawWorker().send({ event: { $case: "hello", value: { token: TEST_TOKEN, workerId } } });
    },
  ],
  ["worker stalled", stall],
];

async function breakOff(server: GrpcFixture): Promise<void> {
  const raw = new RawStream(server.producerPort, STREAM_PATHS.producer, 65_535);
  raw.send([ProducerEvent.encode({ event: { $case: "hello", value: { token: TEST_TOKEN } } }).finish()]);
  await until(() => server.grpc.streams.counts("producer").open === 1);
  raw[Symbol.dispose]();
}

async function stall(server: GrpcFixture): Promise<void> {
  await server.fill(1, { payload: JSON.stringify("x".repeat(100_000)) });
  const raw = new RawStream(server.workerPort, STREAM_PATHS.worker, 200);
  const hello = { event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "stuck" } } } as const;
  raw.send([hello, ready()].map((event) => WorkerEvent.encode(event).finish()));
  await server.leased(1);
  for (let seconds = 0; seconds < 61; seconds += 0.25) server.time.advance(250);
  raw[Symbol.dispose]();
}

test.each(ENDS)("a stream that ends is told once, with its reason: %s", async (told, act) => {
  await using server = await GrpcFixture.start(store(), { limits: { streamAgeMsMax: 24 * HOUR } });
  await act(server);
  await until(() => server.ends.length > 0);
  await server.gone("worker");
  await server.gone("producer");
  expect(server.ends).toEqual([told]);
});

test("so is one whose token ends, one that is refused, and one that fails", async () => {
  await using server = await GrpcFixture.start(store(), {
    limits: { streamsMax: 1 },
    authenticators: authenticators(),
  });
  const expiring = await server.worker("w", "hour");
  await server.rawProducer().ended;
  server.time.advance(HOUR);
  await expiring.ended;
  await server.gone("worker");
  expect(server.ends).toEqual(["producer too_many", "worker token_expired"]);
});

test("an error of ours is told as such", async () => {
  const none = { ...devAuthenticators(TEST_TOKEN, "dev-tenant"), producer: undefined };
  await using server = await GrpcFixture.start(store(), { authenticators: none });
  const producer = server.rawProducer();
  producer.send({ event: { $case: "hello", value: { token: TEST_TOKEN } } });
  await producer.ended;
  expect(server.ends).toEqual(["producer error"]);
});
