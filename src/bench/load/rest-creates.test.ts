import { describe, expect, test } from "bun:test";
import { loadPlan } from "./load-plan-fixture.ts";
import { RestCreates } from "./rest-creates.ts";
import type { CreateCarrierOptions } from "./stream-creates.ts";
import { TaskBook } from "./task-book.ts";
import { PAYLOAD_TAG_AT, taskPayload, writeTag } from "./task-payload.ts";
import { CREATE, ROW } from "./task-rows.ts";
import { taskId } from "./task-story-fixture.ts";

interface Received {
  readonly path: string;
  readonly token: string | null;
  readonly body: string;
}

const PAYLOAD_BYTES = 60;

/** What is created at a server that answers as the test says. */
class Creating implements AsyncDisposable {
  readonly book: TaskBook;
  readonly carrier: RestCreates;
  readonly received: Received[] = [];
  readonly failures: string[] = [];
  readonly #http: Bun.Server<undefined>;
  #answered = 0;
  #onChange: () => void = () => undefined;

  constructor(answer: (request: Received) => Response, change: Partial<CreateCarrierOptions> = {}, connections = 1) {
    this.#http = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const { pathname: path } = new URL(request.url);
        const received = { path, token: request.headers.get("authorization"), body: await request.text() };
        this.received.push(received);
        return answer(received);
      },
    });
    const endpoints = { ...loadPlan().endpoints, httpUrl: this.#http.url.href };
    const plan = loadPlan({ endpoints, payloadBytes: PAYLOAD_BYTES });
    this.book = new TaskBook(plan);
    this.book.rows.take(10);
    const events = {
      answered: () => this.#changed(() => (this.#answered += 1)),
      failed: (reason: string) => this.#changed(() => this.failures.push(reason)),
    };
    this.carrier = new RestCreates(
      { plan, delays: undefined, asBatch: false, book: this.book, events, ...change },
      connections,
    );
  }

  /** Sends one message and waits for its answers. */
  async create(first: number, count: number): Promise<void> {
    await this.carrier.connect();
    this.carrier.send(first, count, 900);
    await this.until(() => this.#answered === 1);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
  }

  stopServer(): Promise<void> {
    return this.#http.stop(true);
  }

  states(tags: readonly number[]): number[] {
    return tags.map((tag) => this.book.rows.value(tag, ROW.create));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.carrier.close();
    await this.#http.stop(true);
  }

  #changed(change: () => unknown): void {
    change();
    this.#onChange();
  }
}

/** As the payload of this tag is sent. */
function payloadOf(tag: number): string {
  const payload = taskPayload(PAYLOAD_BYTES);
  writeTag(payload, PAYLOAD_TAG_AT, tag);
  return payload.toString();
}

const accepted = (): Response => Response.json({ id: taskId(7), command: "TESTED" }, { status: 202 });

describe("a create of one", () => {
  test("is acknowledged with its id", async () => {
    await using it = new Creating(accepted);
    await it.create(3, 1);
    const body = `{"command":"TESTED","payload":${payloadOf(3)}}`;
    expect(it.received).toEqual([{ path: "/v1/codeq/tasks", token: "Bearer dev-token", body }]);
    expect(it.states([3, 4])).toEqual([CREATE.acked, CREATE.none]);
    expect(it.book.rows.idOf(3)).toBe(taskId(7));
    expect(it.book.rows.time(3, ROW.intended)).toBe(900);
    expect(Object.fromEntries(it.book.answers)).toEqual({ "create 202": 1 });
    expect([it.book.counts.get("createsSent"), it.book.counts.get("createsAnswered")]).toEqual([1, 1]);
    expect(it.book.irregulars.kept).toEqual([]);
  });

  test.each([
    [429, '{"error":"too many"}', /create: 429 .*too many/],
    [500, "", /create: 500/],
    [200, '{"id":"of nothing that was created"}', /create: 200/],
    [202, '{"error":"without an id"}', /without an id/],
  ])("is refused when the answer is %d %s", async (status, body, text) => {
    await using it = new Creating(() => new Response(body, { status }));
    await it.create(3, 1);
    expect(it.states([3])).toEqual([CREATE.refused]);
    expect(it.book.irregulars.kept).toMatchObject([
      { kind: "create-refused", tag: 3, text: expect.stringMatching(text) },
    ]);
    expect(Object.fromEntries(it.book.answers)).toEqual({ [`create ${status}`]: 1 });
    expect(it.book.counts.get("created")).toBe(0);
  });
});

test("delayed tasks say so in whole seconds, the others do not", async () => {
  await using all = new Creating(accepted, { delays: { share: 1, secondsMax: 1, seed: 1 } });
  await all.create(0, 1);
  expect(JSON.parse(all.received[0]?.body ?? "")).toMatchObject({ delaySeconds: 1 });
  expect(all.book.rows.value(0, ROW.delayMs)).toBe(1000);
  await using none = new Creating(accepted, { delays: { share: 0, secondsMax: 1, seed: 1 } });
  await none.create(0, 1);
  expect(none.received[0]?.body).not.toContain("delaySeconds");
  expect(none.book.rows.value(0, ROW.delayMs)).toBe(0);
});

describe("a batch", () => {
  const answering =
    (results: unknown, status = 200) =>
    () =>
      Response.json({ results }, { status });
  const created = (number: number) => ({ status: 202, task: { id: taskId(number) } });

  test("goes out as one request, and each of it is acknowledged", async () => {
    await using it = new Creating(answering([created(7), created(8)]), { asBatch: true });
    await it.create(3, 2);
    const task = (tag: number): string => `{"command":"TESTED","payload":${payloadOf(tag)}}`;
    expect(it.received).toMatchObject([{ path: "/v1/codeq/tasks/batch", body: `{"tasks":[${task(3)},${task(4)}]}` }]);
    expect([it.book.rows.idOf(3), it.book.rows.idOf(4)]).toEqual([taskId(7), taskId(8)]);
    expect(it.states([3, 4])).toEqual([CREATE.acked, CREATE.acked]);
    expect(Object.fromEntries(it.book.answers)).toEqual({ "create 200": 1 });
  });

  test("may be accepted in part: what is refused or not answered is no create", async () => {
    const results = [created(7), { status: 400, error: "bad payload" }, created(9)];
    await using it = new Creating(answering(results, 202), { asBatch: true });
    await it.create(0, 4);
    expect(it.states([0, 1, 2, 3])).toEqual([CREATE.acked, CREATE.refused, CREATE.acked, CREATE.refused]);
    expect(it.book.rows.idOf(2)).toBe(taskId(9));
    expect(it.book.irregulars.kept).toMatchObject([
      { kind: "create-refused", tag: 1, text: expect.stringContaining("bad payload") },
      { kind: "create-refused", tag: 3, text: expect.stringContaining("no answer") },
    ]);
    expect([it.book.counts.get("created"), it.book.counts.get("createsAnswered")]).toEqual([2, 4]);
  });

  test("is refused as a whole when the request is", async () => {
    await using it = new Creating(() => new Response("overloaded", { status: 503 }), { asBatch: true });
    await it.create(0, 3);
    expect(it.states([0, 1, 2])).toEqual([CREATE.refused, CREATE.refused, CREATE.refused]);
    expect(it.book.irregulars.total).toBe(3);
  });
});

test("a connection is used again once its answer is there, and never for two requests at a time", async () => {
  await using it = new Creating(accepted);
  await it.create(0, 1);
  it.carrier.send(1, 1, 900);
  expect(() => it.carrier.send(2, 1, 900)).toThrow(RangeError);
  await it.until(() => it.states([1])[0] === CREATE.acked);
});

test("that connections end is told once, however many they are", async () => {
  await using it = new Creating(accepted, {}, 3);
  await it.create(0, 1);
  await it.stopServer();
  await it.until(() => it.failures.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(it.failures).toEqual([expect.stringMatching(/^a producer's connection ended/)]);
});
