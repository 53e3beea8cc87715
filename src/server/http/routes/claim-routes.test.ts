import { describe, expect, test } from "bun:test";
import { buildAuthenticators, WORKER_SCOPES } from "../../auth/authenticators.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { TestServer, type TestSettings, until } from "../http-fixture.ts";

function serve(settings?: TestSettings): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

/** A worker whose token names commands. */
function workerFor(...eventTypes: string[]): TestSettings {
  const config = {
    token: "dev-token",
    subject: "worker-dev",
    scopes: WORKER_SCOPES,
    eventTypes,
    raw: { tid: "dev-tenant" },
  };
  const provider = { type: "static", config };
  return {
    authenticators: buildAuthenticators({ producer: provider, worker: provider, allowProducerAsWorker: false }),
  };
}

describe("claiming", () => {
  test("leases the task to the token's subject", async () => {
    await using server = serve();
    await server.post("/tasks", { command: "c", payload: 1 });
    const claimed = await server.post("/tasks/claim", { commands: ["c"], leaseSeconds: 60 });
    expect(claimed.status).toBe(200);
    expect(claimed.json).toMatchObject({
      status: "IN_PROGRESS",
      lastKnownLocation: "INPROG_SET",
      workerId: "worker-dev",
      leaseUntil: "2026-07-20T12:01:00Z",
      attempts: 1,
    });
  });

  test("nothing is 204 without a body", async () => {
    await using server = serve();
    const answer = await server.post("/tasks/claim", {});
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(answer.headers.get("x-request-id")).not.toBeNull();
  });

  test("without a lease length, or with none that is positive, takes the server's", async () => {
    await using server = serve();
    for (const leaseSeconds of [undefined, null, 0, -5]) {
      await server.post("/tasks", { command: "c", payload: 1 });
      const claimed = await server.post("/tasks/claim", { leaseSeconds });
      expect(claimed.member("leaseUntil")).toBe("2026-07-20T12:05:00Z");
    }
  });

  test("a lease over the limit is refused with both numbers and claims nothing", async () => {
    await using server = serve();
    await server.post("/tasks", { command: "c", payload: 1 });
    const answer = await server.post("/tasks/claim", { leaseSeconds: 86_401 });
    expect([answer.status, answer.member("error")]).toEqual([400, "lease of 86401 s is over the limit of 86400 s"]);
    expect((await server.get("/admin/queues/c")).json["ready"]).toBe(1);
  });

  test.each([
    ["", "invalid body"],
    ['{"commands":"c"}', "invalid body"],
    ['{"commands":[1]}', "invalid body"],
    ['{"commands":["\\ud800"]}', "invalid body"],
    ['{"waitSeconds":"x"}', "invalid body"],
    [JSON.stringify({ commands: Array.from({ length: 101 }, String) }), "invalid body"],
  ])("%.40s is 400", async (body, error) => {
    await using server = serve();
    const answer = await server.post("/tasks/claim", body);
    expect([answer.status, answer.member("error")]).toEqual([400, error]);
  });

  test("defect 24: commands with slashes, in any case and script, are claimed and counted", async () => {
    await using server = serve();
    const command = "Straße/a:b c%2F";
    await server.post("/tasks", { command, payload: 1 });
    const path = `/admin/queues/${encodeURIComponent(command)}`;
    expect((await server.get(path)).json).toMatchObject({ command, ready: 1 });
    const claimed = await server.post("/tasks/claim", { commands: [command.toUpperCase().replaceAll("SS", "ß")] });
    expect(claimed.member("command")).toBe(command);
  });
});

describe("what a worker's token allows", () => {
  test("defect 52: a wildcard worker that names no command claims every command of its tenant", async () => {
    await using server = serve();
    for (const command of ["one", "two"]) await server.post("/tasks", { command, payload: 1 });
    const claimed = await server.post("/tasks/claim/batch", { count: 10 });
    expect(claimed.json["tasks"]).toHaveLength(2);
    expect(claimed.text).toContain('"command":"one"');
    expect(claimed.text).toContain('"command":"two"');
  });

  test("a worker that names no command claims those of its token", async () => {
    await using server = serve(workerFor("Mine"));
    await server.post("/tasks", { command: "other", payload: 1 });
    await server.post("/tasks", { command: "MINE", payload: 1 });
    expect((await server.post("/tasks/claim", { commands: [] })).member("command")).toBe("MINE");
    expect((await server.post("/tasks/claim", {})).status).toBe(204);
  });

  test("a command outside the token is 403 and claims nothing", async () => {
    await using server = serve(workerFor("Mine"));
    await server.post("/tasks", { command: "mine", payload: 1 });
    const answer = await server.post("/tasks/claim", { commands: ["mine", "other"] });
    expect([answer.status, answer.member("error")]).toEqual([403, "event type not allowed"]);
    expect((await server.post("/tasks/claim", { commands: ["MINE"] })).status).toBe(200);
  });
});

describe("claiming a batch", () => {
  test("yields at most as many as asked for", async () => {
    await using server = serve();
    for (const payload of [1, 2, 3]) await server.post("/tasks", { command: "c", payload });
    const claimed = await server.post("/tasks/claim/batch", { count: 2 });
    expect(claimed.json["tasks"]).toMatchObject([{ payload: "1" }, { payload: "2" }]);
    expect((await server.post("/tasks/claim/batch", { count: 2 })).json["tasks"]).toMatchObject([{ payload: "3" }]);
    expect((await server.post("/tasks/claim/batch", { count: 2 })).status).toBe(204);
  });

  test.each([
    ["{}", "invalid body"],
    ['{"count":0}', "invalid body"],
    ['{"count":-1}', "invalid body"],
    ['{"count":1.5}', "invalid body"],
    ['{"count":11}', "count exceeds maximum of 10"],
  ])("%s is 400", async (body, error) => {
    await using server = serve();
    const answer = await server.post("/tasks/claim/batch", body);
    expect([answer.status, answer.member("error")]).toEqual([400, error]);
  });
});

describe("waiting for a task", () => {
  test.each(["claim", "claim/batch"])("defect 38: %s is woken by the create", async (path) => {
    await using server = serve();
    const waiting = server.post(`/tasks/${path}`, { commands: ["c"], waitSeconds: 30, count: 1 });
    await until(() => server.queue.waiting.claims === 1);
    await server.post("/tasks", { command: "C", payload: 1 });
    expect((await waiting).status).toBe(200);
  });

  test("for longer than the server allows is cut", async () => {
    await using server = serve({ limits: { waitMsMax: 10 } });
    expect((await server.post("/tasks/claim", { waitSeconds: 1_000_000 })).status).toBe(204);
  });

  test("ends with 204 when the server drains", async () => {
    await using server = serve();
    const waiting = server.post("/tasks/claim", { waitSeconds: 30 });
    await until(() => server.queue.waiting.claims === 1);
    server.queue.drain();
    expect((await waiting).status).toBe(204);
  });

  test("is bounded in number: one too many is told to come back", async () => {
    await using server = serve({ policy: { waitersMax: 1 } });
    const waiting = server.post("/tasks/claim", { waitSeconds: 30 });
    await until(() => server.queue.waiting.claims === 1);
    const refused = await server.post("/tasks/claim", { waitSeconds: 30 });
    expect([refused.status, refused.member("code")]).toEqual([503, "RESOURCE_EXHAUSTED"]);
    expect(refused.headers.get("retry-after")).toBe("1");
    server.queue.drain();
    await waiting;
  });

  test("a client that goes away no longer waits and takes nothing with it", async () => {
    await using server = serve();
    const gone = new AbortController();
    const waiting = fetch(`${server.http.url}/v1/codeq/tasks/claim`, {
      method: "POST",
      headers: { authorization: "Bearer dev-token" },
      body: '{"waitSeconds":30}',
      signal: gone.signal,
    });
    await until(() => server.queue.waiting.claims === 1);
    gone.abort();
    expect(await waiting.catch((error: unknown) => error)).toBeInstanceOf(Error);
    await until(() => server.queue.waiting.claims === 0);
    const created = await server.post("/tasks", { command: "c", payload: 1 });
    expect((await server.get(`/tasks/${created.member("id")}`)).json["status"]).toBe("PENDING");
  });
});

/** Holds claims back until told otherwise. */
class HesitantStore extends MemoryStore {
  readonly gate = Promise.withResolvers<void>();
  claims = 0;

  override async claim(...request: Parameters<MemoryStore["claim"]>): ReturnType<MemoryStore["claim"]> {
    this.claims += 1;
    await this.gate.promise;
    return super.claim(...request);
  }
}

test("defect 17: a task claimed for a client that has gone goes back at once, the delivery uncounted", async () => {
  const store = new HesitantStore([1, 2]);
  await using server = new TestServer(store);
  const created = await server.post("/tasks", { command: "c", payload: 1 });
  const gone = new AbortController();
  const claiming = fetch(`${server.http.url}/v1/codeq/tasks/claim`, {
    method: "POST",
    headers: { authorization: "Bearer dev-token" },
    body: "{}",
    signal: gone.signal,
  });
  await until(() => store.claims === 1);
  gone.abort();
  expect(await claiming.catch((error: unknown) => error)).toBeInstanceOf(Error);
  // The server learns of it before it serves a connection that is opened later.
  await server.call("GET", "/healthz");
  store.gate.resolve();
  await until(() => server.answers.some((answer) => answer.startsWith("POST /v1/codeq/tasks/claim")));
  const task = await server.get(`/tasks/${created.member("id")}`);
  expect(task.json["status"]).toBe("PENDING");
  expect(task.json["attempts"]).toBeUndefined();
});
