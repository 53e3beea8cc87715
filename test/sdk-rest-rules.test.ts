import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { Client, type ClientOptions } from "codeq/client";
import { HandTiming } from "../src/client/timing-fixture.ts";
import { Arrivals, refusalOf, TOKEN } from "./sdk-server.ts";

/** Answers requests as told, one after the other; the last answer is for all that follow. */
class Double implements AsyncDisposable {
  readonly bodies = new Arrivals<string>();
  readonly #server: Bun.Server<undefined>;

  constructor(...answers: readonly (() => Response | Promise<Response>)[]) {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        this.bodies.add(await request.text());
        return (answers[this.bodies.size - 1] ?? answers.at(-1) ?? ok)();
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

const TASK = { id: "1", command: "A", payload: "1", status: "PENDING", lastKnownLocation: "", maxAttempts: 5 };
const ok = (): Response => Response.json({ ...TASK, task: TASK, result: { taskId: "1" } });
const refuse =
  (code: string, status = 503) =>
  (): Response =>
    Response.json({ error: code.toLowerCase(), code }, { status });
const never = (): Promise<Response> => new Promise(() => undefined);

/** Pauses between attempts are over at once. */
function clientOf(url: string, options: Partial<ClientOptions> = {}): Client {
  return new Client({ url, token: TOKEN, backoff: { baseMs: 1, maxMs: 1 }, ...options });
}

describe("a request that is safe to repeat", () => {
  for (const code of ["UNAVAILABLE", "RATE_LIMITED", "RESOURCE_EXHAUSTED", "COMMIT_UNKNOWN"]) {
    test(`is repeated when the server says ${code}`, async () => {
      await using server = new Double(refuse(code), refuse(code), ok);
      expect((await clientOf(server.url).create({ command: "A", payload: 1 })).task.id).toBe("1");
      expect(server.bodies.size).toBe(3);
    });
  }

  test("is repeated so often, and no more", async () => {
    await using server = new Double(refuse("UNAVAILABLE"));
    const client = clientOf(server.url, { attemptsMax: 3 });
    expect(await refusalOf(client.getTask("1"))).toMatchObject({ code: "UNAVAILABLE" });
    expect(server.bodies.size).toBe(3);
  });

  test("is not repeated when it is refused for good", async () => {
    await using server = new Double(refuse("INVALID_ARGUMENT", 400));
    const creating = clientOf(server.url).create({ command: "A", payload: 1 });
    expect(await refusalOf(creating)).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(server.bodies.size).toBe(1);
  });

  test("creates under a key that stays the same, a random one for each task unless it is given", async () => {
    await using server = new Double(refuse("UNAVAILABLE"), ok);
    const client = clientOf(server.url);
    await client.create({ command: "A", payload: 1 });
    await client.create({ command: "A", payload: 1 });
    await client.create({ command: "A", payload: 1, idempotencyKey: "mine" });
    const keys = (await server.bodies.atLeast(4)).map(
      (body) => (JSON.parse(body) as { idempotencyKey: string }).idempotencyKey,
    );
    expect(keys[0]).toMatch(/^auto-[-0-9a-f]{36}$/);
    expect([keys[1] === keys[0], keys[2] === keys[0], keys[3]]).toEqual([true, false, "mine"]);
  });

  test("creates many under keys as well", async () => {
    await using server = new Double(() => Response.json({ results: [{ task: TASK }, { task: TASK }] }));
    await clientOf(server.url).createMany([1, 2].map((payload) => ({ command: "A", payload })));
    const [body = ""] = await server.bodies.atLeast(1);
    const { tasks } = JSON.parse(body) as { readonly tasks: readonly { readonly idempotencyKey: string }[] };
    expect(new Set(tasks.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(tasks.every(({ idempotencyKey }) => idempotencyKey.startsWith("auto-"))).toBe(true);
  });

  test("whose outcome nobody knows is not told as refused, nor as never done", async () => {
    await using server = new Double(refuse("COMMIT_UNKNOWN"), refuse("UNAVAILABLE"));
    const creating = clientOf(server.url, { attemptsMax: 2 }).create({ command: "A", payload: 1 });
    expect(await refusalOf(creating)).toMatchObject({ code: "OUTCOME_UNKNOWN", cause: { code: "UNAVAILABLE" } });
  });
});

describe("a request that is not safe to repeat", () => {
  test("is not repeated when its answer is lost, and nobody knows its outcome", async () => {
    await using server = new LosingServer();
    const client = clientOf(server.url);
    for (const request of [
      () => client.claim(),
      () => client.complete("1"),
      () => client.nack("1"),
      () => client.abandon("1"),
    ]) {
      const before = server.requests;
      expect(await refusalOf(request())).toMatchObject({ code: "OUTCOME_UNKNOWN" });
      expect(server.requests).toBe(before + 1);
    }
  });

  test("is repeated when the server says that nothing was done", async () => {
    await using server = new Double(refuse("UNAVAILABLE"), ok);
    expect((await clientOf(server.url).claim())?.id).toBe("1");
    expect(server.bodies.size).toBe(2);
  });

  test("is not repeated when the server does not know", async () => {
    await using server = new Double(refuse("COMMIT_UNKNOWN"));
    expect(await refusalOf(clientOf(server.url).complete("1"))).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect(server.bodies.size).toBe(1);
  });

  test("did not happen when nobody listens", async () => {
    const closed = new LosingServer();
    const { url } = closed;
    await closed[Symbol.asyncDispose]();
    const client = clientOf(url, { attemptsMax: 2 });
    expect(await refusalOf(client.complete("1"))).toMatchObject({ code: "UNREACHABLE" });
    expect(await refusalOf(client.create({ command: "A", payload: 1 }))).toMatchObject({ code: "UNREACHABLE" });
  });
});

describe("waiting for an answer", () => {
  test("ends after the time for one attempt", async () => {
    await using server = new Double(never);
    const timing = new HandTiming();
    const reading = refusalOf(clientOf(server.url, { timing, timeoutMs: 5000, attemptsMax: 1 }).getTask("1"));
    await server.bodies.atLeast(1);
    timing.advance(5000);
    expect(await reading).toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("no answer in 5000 ms"),
    });
    expect(timing.timers).toBe(0);
  });

  test("takes as much longer as the request asks the server to wait", async () => {
    const answer = Promise.withResolvers<Response>();
    await using server = new Double(() => answer.promise);
    const timing = new HandTiming();
    const client = clientOf(server.url, { timing, timeoutMs: 5000, attemptsMax: 1 });
    for (const ask of [() => client.getResult("1", 30), () => client.claim({ waitSeconds: 30 })]) {
      const before = server.bodies.size;
      const asking = refusalOf(ask());
      await server.bodies.atLeast(before + 1);
      timing.advance(34_999);
      expect(timing.timers).toBe(1);
      timing.advance(1);
      expect(await asking).toMatchObject({ message: expect.stringContaining("no answer in 35000 ms") });
    }
  });

  test("is given up by a signal, before, during and between attempts", async () => {
    const given = { code: "ABORTED", message: expect.stringContaining("enough") };
    const reason = new Error("enough");
    await using server = new Double(never);
    expect(await refusalOf(clientOf(server.url).claim({ signal: AbortSignal.abort(reason) }))).toMatchObject(given);
    expect(server.bodies.size).toBe(0);
    const during = new AbortController();
    const claiming = refusalOf(clientOf(server.url).claim({ signal: during.signal }));
    await server.bodies.atLeast(1);
    during.abort(reason);
    expect(await claiming).toMatchObject({ ...given, cause: reason });

    await using busy = new Double(refuse("UNAVAILABLE"));
    const timing = new HandTiming();
    const between = new AbortController();
    const pausing = refusalOf(
      clientOf(busy.url, { timing, backoff: { baseMs: 9999, maxMs: 9999 } }).claim({ signal: between.signal }),
    );
    await busy.bodies.atLeast(1);
    between.abort(reason);
    expect(await pausing).toMatchObject(given);
    expect(timing.timers).toBe(0);
  });
});

test("whether the server is ready is asked once", async () => {
  await using server = new Double(refuse("UNAVAILABLE"));
  expect(await clientOf(server.url).ready()).toBe(false);
  expect(server.bodies.size).toBe(1);
});

/** Takes requests and hangs up. */
class LosingServer implements AsyncDisposable {
  requests = 0;
  readonly #server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      this.requests += 1;
      socket.destroy();
    });
  }).listen(0, "127.0.0.1");

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
