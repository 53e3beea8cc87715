import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { Client, type CodeqError, Producer, Worker } from "codeq/client";
import { CERTIFICATE, OTHER_PRIVATE_KEY, PRIVATE_KEY } from "../src/server/tls-fixture.ts";
import { HeldTiming } from "./held-timing.ts";
import { refusalOf, SdkServer, TOKEN } from "./sdk-server.ts";

const BACKOFF = { baseMs: 1, maxMs: 20 };
const handler = (): undefined => undefined;

/** What programs without types hand over. */
// oxlint-disable-next-line typescript/no-explicit-any -- stands for all that a declaration would forbid
type Anything = any;

function refusedWith(message: string | RegExp): Anything {
  const text = typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ name: "CodeqError", code: "INVALID_ARGUMENT", message: text });
}

describe("what cannot work is refused when it is made", () => {
  const connections: readonly (readonly [what: string, options: Anything, message: string])[] = [
    ["no token", { token: undefined }, "token is missing"],
    ["an empty token", { token: " " }, "token is missing"],
    ["no port", { address: "localhost" }, "address is localhost: it must be host:port"],
    ["a URL for an address", { address: "http://127.0.0.1:9092" }, "address is http://127.0.0.1:9092"],
    ["a port too high", { address: "127.0.0.1:99999" }, "with a port from 1 to 65535"],
    ["port 0", { address: "127.0.0.1:0" }, "with a port from 1 to 65535"],
    ["an IPv6 address without brackets", { address: "::1:9092" }, "address is ::1:9092"],
    ["an authority that is none", { tls: { ca: "garbage" } }, "tls.ca is no certificate in PEM"],
    ["a certificate that is none", { tls: { cert: "garbage", key: PRIVATE_KEY } }, "tls.cert is no certificate in PEM"],
    ["a key that is none", { tls: { cert: CERTIFICATE, key: "garbage" } }, "tls is of no use"],
    ["the key of another certificate", { tls: { cert: CERTIFICATE, key: OTHER_PRIVATE_KEY } }, "tls is of no use"],
    ["a key without its certificate", { tls: { key: PRIVATE_KEY } }, "tls.cert and tls.key need each other"],
  ];

  test.each(connections)("a producer with %s", (_, options, message) => {
    expect(() => new Producer({ token: TOKEN, ...options })).toThrow(refusedWith(message));
  });

  test.each(connections)("a worker with %s", (_, options, message) => {
    expect(() => new Worker({ token: TOKEN, handler, ...options })).toThrow(refusedWith(message));
  });

  test("a worker without a handler, or with one that is no function", () => {
    for (const none of [undefined, {}]) {
      const options: Anything = { token: TOKEN, handler: none };
      expect(() => new Worker(options)).toThrow(refusedWith("handler must be a function"));
    }
  });

  test("a REST client", () => {
    const url = "https://127.0.0.1:1";
    for (const [options, message] of [
      [{ token: undefined }, "token is missing"],
      [{ url: "127.0.0.1:8080" }, "it must begin with http:// or https://"],
      [{ url: "nonsense" }, "url is nonsense"],
      [{ backoff: { baseMs: -5 } }, "backoff.baseMs is -5"],
      [{ url, tls: { ca: "garbage" } }, "tls.ca is no certificate in PEM"],
      [{ url: "http://127.0.0.1:1", tls: true }, "tls is given, but url is http://127.0.0.1:1"],
    ] as const) {
      const given: Anything = { token: TOKEN, ...options };
      expect(() => new Client(given)).toThrow(refusedWith(message));
    }
  });

  test("not every address that is unusual", async () => {
    for (const address of ["[::1]:9092", "queue.example.com:1", "queue_1:65535"]) {
      await new Producer({ token: TOKEN, address }).close();
    }
  });
});

describe("a task that makes no sense", () => {
  const tasks: readonly (readonly [what: string, task: Anything, message: string | RegExp])[] = [
    ["is null", null, "a task is null: it must be an object"],
    ["has no command", { payload: 1 }, "command is blank"],
    ["has an empty idempotency key", { command: "A", payload: 1, idempotencyKey: "" }, "idempotencyKey is blank"],
    ["has a text for a date", { command: "A", payload: 1, runAt: "2027-01-01" }, "runAt is string: it must be a Date"],
    ["has a date that is none", { command: "A", payload: 1, runAt: new Date("x") }, "runAt is not a valid date"],
    ["has two times", { command: "A", payload: 1, runAt: new Date(), delaySeconds: 1 }, "exclude each other"],
  ];

  test.each(tasks)("because it %s is refused before it is sent, alone or among others", async (_, task, message) => {
    await using producer = new Producer({ token: TOKEN, address: "127.0.0.1:1" });
    expect(await refusalOf(producer.create(task))).toEqual(refusedWith(message));
    expect(await producer.createMany([task])).toEqual([{ ok: false, error: refusedWith(message) }]);
    const outcomes = [];
    for await (const outcome of producer.createFrom([task])) outcomes.push(outcome);
    expect(outcomes).toEqual([{ ok: false, error: refusedWith(message) }]);
    const client = new Client({ token: TOKEN, url: "http://127.0.0.1:1" });
    expect(await refusalOf(client.create(task))).toEqual(refusedWith(message));
    expect(await refusalOf(client.createMany([task]))).toEqual(refusedWith(message));
  });
});

describe("a request that makes no sense is refused before it is sent", () => {
  const client = new Client({ token: TOKEN, url: "http://127.0.0.1:1" });

  test("waiting that is no number", async () => {
    const expected = refusedWith("waitSeconds is NaN: it must be a whole number from 0 to 86400");
    expect(await refusalOf(client.getResult("x", Number.NaN))).toEqual(expected);
    expect(await refusalOf(client.claim({ waitSeconds: Number.NaN }))).toEqual(expected);
    expect(await refusalOf(client.claimMany(1, { waitSeconds: Number.NaN }))).toEqual(expected);
  });

  test("a clean-up before no date", async () => {
    expect(await refusalOf(client.cleanup({ before: new Date("x") }))).toEqual(
      refusedWith("before is not a valid date"),
    );
  });
});

describe("a token function that fails", () => {
  const token = (): never => {
    throw new Error("the vault is sealed");
  };

  test("says so in every request of a REST client", async () => {
    const client = new Client({ token, url: "http://127.0.0.1:1" });
    expect(await refusalOf(client.version())).toMatchObject({
      code: "UNAUTHENTICATED",
      message: "there is no token: the vault is sealed",
      cause: { message: "the vault is sealed" },
    });
    const none: Anything = () => undefined;
    expect(await refusalOf(new Client({ token: none }).version())).toMatchObject({
      code: "UNAUTHENTICATED",
      message: "there is no token: the function returned none",
    });
  });

  test("is what a producer names when it gives up", async () => {
    await using producer = new Producer({ token, backoff: BACKOFF, unreachableMsMax: 1 });
    expect(await refusalOf(producer.create({ command: "A", payload: 1 }))).toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringMatching(/^no connection to 127\.0\.0\.1:9092 for 1 ms: .*the vault is sealed/),
      cause: { code: "UNAUTHENTICATED" },
    });
  });
});

describe("a server that cannot be reached", () => {
  test("is told with what went wrong last", async () => {
    const closed = await freePort();
    const unreachableMsMax = 54_321;
    const timing = new HeldTiming(unreachableMsMax);
    const failed = Promise.withResolvers<CodeqError>();
    const producer = new Producer({
      token: TOKEN,
      address: `127.0.0.1:${closed}`,
      backoff: BACKOFF,
      unreachableMsMax,
      timing,
      onDisconnect: (error) => failed.resolve(error as CodeqError),
    });
    const creating = refusalOf(producer.create({ command: "A", payload: 1 }));
    await failed.promise;
    await timing.goOff();
    expect(await creating).toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringMatching(/ms: .*ECONNREFUSED/),
      cause: { code: "UNAVAILABLE" },
    });
    await producer.close();
  });

  test("another port of the server is told for what it is", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer({ address: `127.0.0.1:${server.process.workerPort}` });
    expect(await refusalOf(producer.connect())).toMatchObject({ code: "PROTOCOL" });
  });
});

/** One that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}
