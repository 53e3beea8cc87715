import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { CodeqError, type ErrorCode } from "../queue/errors.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { bearer, TestServer, type TestSettings, twoTenants, until } from "./http-fixture.ts";

function serve(settings?: TestSettings): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

describe("request ids", () => {
  test("a sane one is echoed, also on an error", async () => {
    await using server = serve();
    const answer = await server.get("/tasks/nope", { "x-request-id": "order-7/retry:2" });
    expect(answer.headers.get("x-request-id")).toBe("order-7/retry:2");
    expect(answer.member("requestId")).toBe("order-7/retry:2");
  });

  test.each(["", "two words", "é", "x".repeat(129)])("%p is replaced", async (given) => {
    await using server = serve();
    const answer = await server.get("/tasks/nope", { "x-request-id": given });
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("paths", () => {
  test.each(["/nope", "/v1/codeq", "/v1/codeq/nope", "/v1/codeq/tasks//", "/v1/codeq/tasks/a/b/c", "/docs/../etc"])(
    "%s is 404",
    async (path) => {
      await using server = serve();
      const answer = await server.call("GET", path);
      expect([answer.status, answer.json["code"], answer.json["error"]]).toEqual([
        404,
        "NOT_FOUND",
        "404 page not found",
      ]);
      expect(server.answers.at(-1)).toBe("GET unmatched 404");
    },
  );

  test.each([
    ["GET", "/v1/codeq/tasks", "POST"],
    ["DELETE", "/v1/codeq/tasks/x", "GET, HEAD"],
    ["PUT", "/v1/codeq/tasks/x/result", "POST, GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
  ])("%s %s is 405 and names what is allowed", async (method, path, allow) => {
    await using server = serve();
    const answer = await server.call(method, path);
    expect([answer.status, answer.member("code"), answer.headers.get("allow")]).toEqual([
      405,
      "METHOD_NOT_ALLOWED",
      allow,
    ]);
  });

  test("one slash too many is redirected, the query kept; a body may be sent again", async () => {
    await using server = serve();
    const get = await server.get("/tasks/x/result/?waitSeconds=1");
    expect([get.status, get.headers.get("location")]).toEqual([301, "/v1/codeq/tasks/x/result?waitSeconds=1"]);
    const post = await server.post("/tasks/", {});
    expect([post.status, post.headers.get("location")]).toEqual([307, "/v1/codeq/tasks"]);
  });

  test.each(["", "[", "a b", "a/b?c#d", "x:y:z", "é"])("a Host of %j is no reason to fail", async (host) => {
    await using server = serve();
    for (const path of ["/nope", "/v1/codeq/tasks/x/", "/healthz"]) {
      const answer = await raw(server, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 (200|301|40[014]) /);
    }
    expect(server.logLines).toEqual([]);
  });

  test("are found whatever the length of the host name", async () => {
    await using server = serve();
    for (const host of ["x", "localhost:8080", "a-rather-long-host.example.org"]) {
      expect(await raw(server, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toStartWith(
        "HTTP/1.1 200",
      );
    }
  });
});

describe("limits on rates", () => {
  const one = { requestsPerMinute: 60, burstSize: 1 };

  test("refuse with 429 before the body is looked at, and say when to come back", async () => {
    await using server = serve({ rateLimits: { producer: one } });
    await server.post("/tasks", { command: "c", payload: 1 });
    const answer = await server.post("/tasks/batch", "{");
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(answer.json).toMatchObject({
      error: "rate limit exceeded",
      code: "RATE_LIMITED",
      operation: "create_task",
      retryAfterSeconds: 1,
      scope: "producer",
    });
    expect(server.rateLimited).toEqual(["producer create_task"]);
    server.now += 1000;
    expect((await server.post("/tasks", { command: "c", payload: 1 })).status).toBe(202);
  });

  test("cost one request for a batch, and leave other routes alone", async () => {
    await using server = serve({ rateLimits: { worker: one, admin: one } });
    expect((await server.post("/tasks/claim/batch", { count: 10 })).status).toBe(204);
    expect((await server.post("/tasks/claim", {})).json).toMatchObject({ scope: "worker", operation: "claim" });
    expect((await server.post("/tasks/x/heartbeat", {})).status).toBe(404);
    expect((await server.get("/admin/queues")).status).toBe(200);
    expect((await server.post("/admin/tasks/cleanup")).status).toBe(200);
    expect((await server.post("/admin/tasks/cleanup")).json).toMatchObject({ scope: "admin", operation: "cleanup" });
  });

  test("are for each token, also of one tenant", async () => {
    await using server = serve({ rateLimits: { worker: one }, authenticators: twoTenants() });
    expect((await server.post("/tasks/claim", {}, bearer("a-worker"))).status).toBe(204);
    expect((await server.post("/tasks/claim", {}, bearer("a-worker"))).status).toBe(429);
    expect((await server.post("/tasks/claim", {}, bearer("a-worker-2"))).status).toBe(204);
  });

  test("do not count who is not let in", async () => {
    await using server = serve({ rateLimits: { producer: one } });
    for (let index = 0; index < 3; index += 1) {
      expect((await server.post("/tasks", {}, { authorization: "Bearer nope" })).status).toBe(401);
    }
    expect((await server.post("/tasks", { command: "c", payload: 1 })).status).toBe(202);
  });
});

/** A store that is down. */
class FailingStore extends MemoryStore {
  failure: Error = new Error("not set");

  override insert(): ReturnType<MemoryStore["insert"]> {
    return Promise.reject(this.failure);
  }
}

describe("trouble below", () => {
  test.each<[ErrorCode, number]>([
    ["UNAVAILABLE", 503],
    ["COMMIT_UNKNOWN", 503],
    ["DISK_FULL", 507],
    ["TOO_MANY_COMMANDS", 503],
  ])("defect 54: %s is %i with its code, not the client's fault", async (code, status) => {
    const store = new FailingStore([1, 2]);
    store.failure = new CodeqError(code, "the store says so");
    await using server = new TestServer(store);
    const single = await server.post("/tasks", { command: "c", payload: 1 });
    expect([single.status, single.member("code"), single.member("error")]).toEqual([status, code, "the store says so"]);
    // Trouble that passes by itself soon; the rest takes somebody to do something about it.
    expect(single.headers.has("retry-after")).toBe(code === "UNAVAILABLE" || code === "COMMIT_UNKNOWN");
    const batch = await server.post("/tasks/batch", { tasks: [{ command: "c", payload: 1 }] });
    expect([batch.status, batch.member("code")]).toEqual([status, code]);
    // Only what may or may not have happened is worth a line for each request.
    expect(server.logLines.map(({ fields }) => fields["requestId"])).toEqual(
      code === "COMMIT_UNKNOWN" ? [single.member("requestId"), batch.member("requestId")] : [],
    );
  });

  test.each([new Error("secret path /var/lib/x"), new CodeqError("INTERNAL", "secret state")])(
    "an unforeseen error is a 500 that tells the client nothing and the log everything (%#)",
    async (failure) => {
      const store = new FailingStore([1, 2]);
      store.failure = failure;
      await using server = new TestServer(store);
      const answer = await server.post("/tasks", { command: "c", payload: 1 });
      expect([answer.status, answer.member("error"), answer.member("code")]).toEqual([
        500,
        "internal error",
        "INTERNAL",
      ]);
      expect(answer.text).not.toContain("secret");
      expect(server.logLines).toContainEqual({
        message: "request failed unexpectedly",
        fields: { requestId: answer.member("requestId"), error: store.failure },
      });
    },
  );
});

test("a connection that is silent for too long is closed, but not while it waits for a task or a result", async () => {
  await using server = serve({ limits: { idleSeconds: 1, resultWaitMsMax: 3_600_000 } });
  const created = await server.post("/tasks", { command: "c", payload: 1 });
  const id = (await server.post("/tasks/claim", { commands: ["c"] })).member("id");
  expect(id).toBe(created.member("id"));
  // Over sockets of their own: fetch would quietly ask again.
  const headers = "Host: x\r\nAuthorization: Bearer dev-token\r\nConnection: close";
  const body = '{"commands":["d"],"waitSeconds":30}';
  const claiming = raw(
    server,
    `POST /v1/codeq/tasks/claim HTTP/1.1\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const reading = [60, 3600].map((seconds) =>
    raw(server, `GET /v1/codeq/tasks/${id}/result?waitSeconds=${seconds} HTTP/1.1\r\n${headers}\r\n\r\n`),
  );
  await until(() => server.queue.waiting.claims === 1 && server.queue.waiting.results === 2);
  // Falls silent after the others, so that they would have been closed by the time it is.
  await raw(server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  await server.post("/tasks", { command: "d", payload: 1 });
  expect(await claiming).toStartWith("HTTP/1.1 200");
  await server.post(`/tasks/${id}/result`, { status: "COMPLETED" });
  for (const answer of reading) expect(await answer).toStartWith("HTTP/1.1 200");
}, 30_000);

describe("the number of requests at a time", () => {
  test("is bounded", async () => {
    await using server = serve({ limits: { requestsMax: 1 } });
    const waiting = server.post("/tasks/claim", { waitSeconds: 30 });
    await until(() => server.queue.waiting.claims === 1);
    const refused = await server.post("/tasks", { command: "c", payload: 1 });
    expect([refused.status, refused.member("code"), refused.headers.get("retry-after")]).toEqual([
      503,
      "RESOURCE_EXHAUSTED",
      "1",
    ]);
    server.queue.drain();
    await waiting;
    expect((await server.post("/tasks", { command: "c", payload: 1 })).status).toBe(202);
  });
});

describe("stopping", () => {
  test("lets requests under way finish and refuses new connections", async () => {
    await using server = serve();
    const waiting = server.post("/tasks/claim", { waitSeconds: 30 });
    await until(() => server.queue.waiting.claims === 1);
    server.http.stopAccepting();
    const late = await server.call("GET", "/healthz").catch((error: unknown) => error);
    expect(late).toBeInstanceOf(Error);
    await server.queue.create("dev-tenant", [{ command: "c", payload: "1", ...NO_EXTRAS }]);
    const answer = await waiting;
    expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
    await server.http.close();
  });

  test("closes connections that are idle", async () => {
    const server = serve();
    const socket = connect(server.http.port, "127.0.0.1");
    const closed = Promise.withResolvers<void>();
    socket.on("close", () => closed.resolve());
    await new Promise<void>((resolve) => {
      socket.once("data", () => resolve());
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    });
    await server.http.close();
    await closed.promise;
  });
});

test("an address in use is the system's own error", async () => {
  await using server = serve();
  const { port } = server.http;
  expect(() => new TestServer(new MemoryStore([1, 2]), { port })).toThrow(
    expect.objectContaining({ code: "EADDRINUSE" }),
  );
});

const NO_EXTRAS = {
  priority: undefined,
  webhook: undefined,
  maxAttempts: undefined,
  idempotencyKey: undefined,
  runAtMs: undefined,
  delayMs: undefined,
};

/** Sends bytes as they are; yields everything until the server closes. */
async function raw(server: TestServer, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(server.http.port, "127.0.0.1", () => socket.write(text));
  socket.on("data", (chunk) => {
    answer += chunk.toString();
  });
  socket.on("close", () => resolve(answer));
  return promise;
}
