import { describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import { type Authenticators, devAuthenticators, WORKER_SCOPES } from "../auth/authenticators.ts";
import { staticAuthenticator } from "../auth/static-provider.ts";
import { refused } from "../queue/errors.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { create, GrpcFixture, ready, TEST_TOKEN } from "./grpc-fixture.ts";

const SEED = [1, 2] as const;
const store = (): MemoryStore => new MemoryStore(SEED);

interface TokenOptions {
  readonly scopes?: readonly string[];
  readonly eventTypes?: readonly string[];
  readonly raw?: Record<string, unknown>;
  readonly expiresMs?: number;
}

function tokens(options: TokenOptions): Authenticators {
  const raw = { tid: "acme" };
  const content = { token: "t", subject: "sub", email: "", scopes: [...WORKER_SCOPES], eventTypes: ["RENDER"], raw };
  const authenticator = staticAuthenticator({ ...content, ...options });
  return { producer: authenticator, worker: authenticator, allowProducerAsWorker: false };
}

describe("Hello", () => {
  test("is answered with whom the token belongs to", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = server.rawProducer();
    producer.send({ event: { $case: "hello", value: { token: ` ${TEST_TOKEN} ` } } });
    expect(await producer.next("helloAck")).toEqual({ tenantId: "dev-tenant", subject: "producer-dev" });
    const worker = server.rawWorker();
    worker.send({ event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "" } } });
    expect(await worker.next("helloAck")).toEqual({ tenantId: "dev-tenant", workerId: "worker-dev" });
  });

  test("must come first", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = server.rawProducer();
    producer.send(create(1));
    const worker = server.rawWorker();
    worker.send(ready());
    const silent = server.rawWorker();
    silent.call.end();
    for (const stream of [producer, worker, silent]) {
      const expected = { code: status.FAILED_PRECONDITION, details: "first event must be Hello" };
      expect(await stream.ended).toMatchObject(expected);
    }
  });

  test.each([
    ["", "missing token", "auth failed: missing token"],
    ["wrong", "auth failed: invalid token", "auth failed: invalid token"],
  ])("with the token %j ends the stream", async (token, producerText, workerText) => {
    await using server = await GrpcFixture.start(store());
    const producer = server.rawProducer();
    producer.send({ event: { $case: "hello", value: { token } } });
    expect(await producer.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: producerText });
    const worker = server.rawWorker();
    worker.send({ event: { $case: "hello", value: { token, workerId: "w" } } });
    expect(await worker.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: workerText });
  });

  test("of a worker whose token allows nothing ends the stream", async () => {
    for (const [options, text] of [
      [{ eventTypes: [] }, "auth failed: missing eventTypes"],
      [{ scopes: [] }, "auth failed: missing scope"],
    ] as const) {
      await using server = await GrpcFixture.start(store(), { authenticators: tokens(options) });
      const worker = server.rawWorker();
      worker.send({ event: { $case: "hello", value: { token: "t", workerId: "" } } });
      expect(await worker.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: text });
    }
  });

  test("of a token without a tenant is a matter of permission", async () => {
    const authenticators = tokens({ raw: { tid: "NOT VALID" } });
    await using server = await GrpcFixture.start(store(), { authenticators });
    const producer = server.rawProducer();
    producer.send({ event: { $case: "hello", value: { token: "t" } } });
    const worker = server.rawWorker();
    worker.send({ event: { $case: "hello", value: { token: "t", workerId: "" } } });
    for (const stream of [producer, worker]) {
      expect(await stream.ended).toMatchObject({ code: status.PERMISSION_DENIED, details: "invalid tenant claims" });
    }
  });

  test("defect 36: a stream that does not say Hello in time is ended", async () => {
    await using server = await GrpcFixture.start(store());
    const greeted = await server.producer();
    const silent = server.rawProducer();
    silent.call.getPeer();
    // A second greeting on the same server: the silent stream has been opened by now.
    await server.producer();
    server.time.advance(10_000);
    expect(await silent.ended).toMatchObject({ code: status.DEADLINE_EXCEEDED, details: "no Hello within 10 s" });
    greeted.send(create(1));
    expect(await greeted.next("createAck")).toMatchObject({ ok: true });
  });

  test("a second one, and an empty event, are errors that the stream survives", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    producer.send({ event: { $case: "hello", value: { token: TEST_TOKEN } } });
    producer.send({});
    producer.send(create(1));
    expect(await producer.next("error")).toEqual({ code: "FailedPrecondition", message: "already-authenticated" });
    expect(await producer.next("error")).toEqual({ code: "InvalidArgument", message: "unknown-event" });
    expect(await producer.next("createAck")).toMatchObject({ ok: true });
    const worker = await server.worker();
    worker.send({ event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "" } } });
    worker.send({});
    worker.send(ready());
    expect(await worker.next("error")).toEqual({ code: "FailedPrecondition", message: "already-authenticated" });
    expect(await worker.next("error")).toEqual({ code: "InvalidArgument", message: "unknown-event" });
    expect(await worker.next("task")).toBeDefined();
  });

  test("defect 36: streams end when their token does", async () => {
    const authenticators = tokens({ expiresMs: 1_784_548_800_250 + 3_600_000 });
    await using server = await GrpcFixture.start(store(), { authenticators });
    const producer = await server.producer("t");
    const worker = await server.worker("w", "t");
    server.time.advance(3_599_999);
    producer.send(create(1));
    await producer.next("createAck");
    server.time.advance(1);
    for (const stream of [producer, worker]) {
      expect(await stream.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: "the token has expired" });
    }
  });

  test("streams of a static token do not end by themselves", async () => {
    await using server = await GrpcFixture.start(store());
    const producer = await server.producer();
    server.time.advance(30 * 86_400_000);
    producer.send(create(1));
    expect(await producer.next("createAck")).toMatchObject({ ok: true });
  });
});

describe("while a token is looked up", () => {
  function slowTokens() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const fast = devAuthenticators(TEST_TOKEN, "dev-tenant");
    const slow = (authenticator: typeof fast.worker): typeof fast.worker => ({
      authenticate: async (credential) => {
        ask();
        await promise;
        return (await authenticator?.authenticate(credential)) ?? refused("UNAUTHENTICATED", "nobody");
      },
    });
    const authenticators = { ...fast, worker: slow(fast.worker), producer: slow(fast.producer) };
    return { authenticators, asked, answer: resolve };
  }

  test("what came after Hello waits, and is not lost", async () => {
    const { authenticators, asked, answer } = slowTokens();
    await using server = await GrpcFixture.start(store(), { authenticators });
    const producer = server.rawProducer();
    producer.send({ event: { $case: "hello", value: { token: TEST_TOKEN } } });
    for (let seq = 0; seq < 10; seq += 1) producer.send(create(seq));
    await asked;
    answer();
    await producer.next("helloAck");
    expect(await producer.acks(10)).toHaveLength(10);
  });

  test("the server may go away: no work is handed out any more", async () => {
    const { authenticators, asked, answer } = slowTokens();
    await using server = await GrpcFixture.start(store(), { authenticators });
    await server.fill(1);
    const worker = server.rawWorker();
    worker.send({ event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "" } } });
    worker.send(ready());
    await asked;
    void server.grpc.close();
    answer();
    await worker.next("helloAck");
    expect(await worker.ended).toMatchObject({ code: status.UNAVAILABLE });
    expect(worker.unread).toBe(0);
  });
});

test("a stream that ended leaves no timers behind", async () => {
  await using server = await GrpcFixture.start(store(), { limits: { streamAgeMsMax: 1_000_000 } });
  const producer = await server.producer();
  const open = server.time.pending;
  producer.call.end();
  await producer.ended;
  await server.gone("producer");
  // The limits for Hello and for its age; what looks after all streams stops by itself.
  expect(server.time.pending).toBe(open - 2);
  server.time.advance(1000);
  expect(server.time.pending).toBe(0);
});

test("a stream whose token lasts longer than a timer can ends with the token, not before", async () => {
  const authenticators = tokens({ expiresMs: 1_784_548_800_250 + 60 * 24 * 3_600_000 });
  await using server = await GrpcFixture.start(store(), { authenticators });
  const producer = await server.producer("t");
  for (let hour = 0; hour < 60 * 24 - 1; hour += 1) server.time.advance(3_600_000);
  producer.send(create(1));
  expect(await producer.next("createAck")).toMatchObject({ ok: true });
  // Each timer of the chain may go off a step late.
  for (let hour = 0; hour < 4; hour += 1) server.time.advance(3_600_000);
  expect(await producer.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: "the token has expired" });
});

describe("a worker's name", () => {
  test("defect 31: is within the name space of its token, so that nobody acts for another", async () => {
    await using server = await GrpcFixture.start(store(), { authenticators: tokens({}) });
    const names: string[] = [];
    for (const workerId of ["", "sub", "one", "a#b", " one "]) {
      const worker = server.rawWorker();
      worker.send({ event: { $case: "hello", value: { token: "t", workerId } } });
      names.push((await worker.next("helloAck")).workerId);
    }
    expect(names).toEqual(["sub", "sub", "sub#one", "sub#a%23b", "sub#one"]);
  });

  test.each([
    [{ scopes: [...WORKER_SCOPES, "codeq:worker-id"] }, "with the scope for it"],
    [{ eventTypes: ["*"] }, "that may work on every command"],
  ] as const)("is free for a token %#", async (options) => {
    await using server = await GrpcFixture.start(store(), { authenticators: tokens(options) });
    const worker = server.rawWorker();
    worker.send({ event: { $case: "hello", value: { token: "t", workerId: "anything" } } });
    expect(await worker.next("helloAck")).toEqual({ workerId: "anything", tenantId: "acme" });
  });

  test("has a bound", async () => {
    await using server = await GrpcFixture.start(store());
    const worker = server.rawWorker();
    worker.send({ event: { $case: "hello", value: { token: TEST_TOKEN, workerId: "x".repeat(257) } } });
    const details = "worker_id of 257 bytes is over the limit of 256 bytes";
    expect(await worker.ended).toMatchObject({ code: status.INVALID_ARGUMENT, details });
  });
});

test("without anybody to check tokens a stream ends with an error, not with a crash", async () => {
  const authenticators = { ...devAuthenticators("x", "t"), producer: undefined };
  await using server = await GrpcFixture.start(store(), { authenticators });
  const producer = server.rawProducer();
  producer.send({ event: { $case: "hello", value: { token: "x" } } });
  expect(await producer.ended).toMatchObject({ code: status.INTERNAL });
});
