import { describe, expect, test } from "bun:test";
import { buildAuthenticators } from "../../auth/authenticators.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { bearer, TestServer, type TestSettings, twoTenants } from "../http-fixture.ts";

const DAY_MS = 86_400_000;

function serve(settings?: TestSettings): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

async function finish(server: TestServer, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await server.post("/tasks", { command: "done", payload: index });
  for (let index = 0; index < count; index += 1) {
    const id = (await server.post("/tasks/claim", { commands: ["done"] })).member("id");
    await server.post(`/tasks/${id}/result`, { status: "COMPLETED" });
  }
}

describe("counting", () => {
  test("tells ready, delayed, leased and dead tasks apart", async () => {
    await using server = serve();
    await server.post("/tasks", { command: "C", payload: 1, maxAttempts: 1 });
    const dead = (await server.post("/tasks/claim", {})).member("id");
    await server.post(`/tasks/${dead}/nack`, {});
    await server.post("/tasks", { command: "C", payload: 1 });
    await server.post("/tasks/claim", {});
    await server.post("/tasks", { command: "c", payload: 1, priority: 7 });
    await server.post("/tasks", { command: "c", payload: 1 });
    await server.post("/tasks", { command: "c", payload: 1, delaySeconds: 60 });
    expect((await server.get("/admin/queues/c")).text).toBe(
      '{"command":"c","ready":2,"delayed":1,"inProgress":1,"dlq":1}',
    );
    expect((await server.get("/admin/queues")).text).toBe(
      '{"codeq:q:c:dev-tenant:delayed":1,"codeq:q:c:dev-tenant:dlq":1,"codeq:q:c:dev-tenant:inprog":1,' +
        '"codeq:q:c:dev-tenant:pending:0":1,"codeq:q:c:dev-tenant:pending:7":1}',
    );
  });

  test("a command nobody used has zeros", async () => {
    await using server = serve();
    expect((await server.get("/admin/queues/nobody")).text).toBe(
      '{"command":"nobody","ready":0,"delayed":0,"inProgress":0,"dlq":0}',
    );
  });

  test.each([
    ["%20", "command is required"],
    ["a%zz", "command is not valid percent-encoded UTF-8"],
    ["%ff", "command is not valid percent-encoded UTF-8"],
  ])("%s is 400", async (command, error) => {
    await using server = serve();
    const answer = await server.get(`/admin/queues/${command}`);
    expect([answer.status, answer.member("error")]).toEqual([400, error]);
  });

  test("defect 32: counts are the caller's tenant's alone", async () => {
    await using server = serve({ authenticators: twoTenants() });
    await server.post("/tasks", { command: "c", payload: 1 }, bearer("a-producer"));
    expect((await server.get("/admin/queues", bearer("b-producer"))).json).toEqual({});
    expect((await server.get("/admin/queues/c", bearer("b-producer"))).json["ready"]).toBe(0);
    expect((await server.get("/admin/queues/c", bearer("a-producer"))).json["ready"]).toBe(1);
  });
});

describe("cleanup", () => {
  test("deletes finished tasks whose retention is over, and nothing else", async () => {
    await using server = serve();
    await finish(server, 2);
    const waiting = await server.post("/tasks", { command: "c", payload: 1 });
    server.now += DAY_MS - 1;
    expect((await server.post("/admin/tasks/cleanup")).json["deleted"]).toBe(0);
    server.now += 1;
    const answer = await server.post("/admin/tasks/cleanup", {});
    expect(answer.text).toBe('{"before":"2026-07-21T12:00:00Z","deleted":2,"limit":1000}');
    expect((await server.get(`/tasks/${waiting.member("id")}`)).status).toBe(200);
  });

  test("defect 61: cleanup stops at its limit and says which one it used", async () => {
    await using server = serve();
    await finish(server, 3);
    const before = "2026-07-22T12:00:00+00:00";
    expect((await server.post("/admin/tasks/cleanup", { before, limit: 2 })).text).toBe(
      '{"before":"2026-07-22T12:00:00Z","deleted":2,"limit":2}',
    );
    expect((await server.post("/admin/tasks/cleanup", { before, limit: 0 })).json).toMatchObject({
      deleted: 1,
      limit: 1000,
    });
  });

  test("deletes as many as asked for, though in steps", async () => {
    await using server = serve();
    const who = { tenant: "dev-tenant", worker: "worker-dev" };
    for (let round = 0; round < 12; round += 1) {
      const tasks = Array.from({ length: 100 }, () => ({ command: "c", payload: 1 }));
      await server.post("/tasks/batch", { tasks });
      const options = { commands: undefined, leaseMs: undefined, count: 100, waitMs: 0, signal: undefined };
      const claimed = await server.queue.claim(who, options);
      const done = { state: "completed", result: "{}", error: undefined } as const;
      await server.queue.complete(
        who,
        claimed.map((task) => ({ id: server.queue.idOf(task), ...done })),
      );
    }
    const body = { before: "2100-01-01T00:00:00Z", limit: 1150 };
    expect((await server.post("/admin/tasks/cleanup", body)).json["deleted"]).toBe(1150);
    expect((await server.post("/admin/tasks/cleanup", body)).json["deleted"]).toBe(50);
  });

  test("defect 32: a time in the future deletes neither what waits nor what belongs to others", async () => {
    await using server = serve({ authenticators: twoTenants() });
    for (const tenant of ["a", "b"]) {
      await server.post("/tasks", { command: "c", payload: 1 }, bearer(`${tenant}-producer`));
      const id = (await server.post("/tasks/claim", {}, bearer(`${tenant}-worker`))).member("id");
      await server.post(`/tasks/${id}/result`, { status: "COMPLETED" }, bearer(`${tenant}-worker`));
      await server.post("/tasks", { command: "c", payload: 1 }, bearer(`${tenant}-producer`));
    }
    const cleanup = await server.post("/admin/tasks/cleanup", { before: "2100-01-01T00:00:00Z" }, bearer("a-producer"));
    expect(cleanup.json["deleted"]).toBe(1);
    const lanes = await server.queue.stats(undefined, undefined);
    expect(lanes.map(({ tenant, ready, completed }) => [tenant, ready[0], completed])).toEqual([
      ["tenant-a", 1, 0],
      ["tenant-b", 1, 1],
    ]);
  });

  test.each([
    ['{"before":"yesterday"}', "invalid 'before' (use RFC3339)"],
    ['{"before":5}', "invalid body"],
    ['{"limit":"all"}', "invalid body"],
    ['{"limit":100001}', "limit 100001 exceeds maximum of 100000"],
    ["{", "invalid body"],
  ])("%s is 400 and deletes nothing", async (body, error) => {
    await using server = serve();
    await finish(server, 1);
    server.now += 2 * DAY_MS;
    const answer = await server.post("/admin/tasks/cleanup", body);
    expect([answer.status, answer.member("error")]).toEqual([400, error]);
    expect((await server.queue.stats(undefined, undefined))[0]?.completed).toBe(1);
  });
});

describe("administration", () => {
  test.each([
    ["list_queues", "GET", "/admin/queues"],
    ["get_queue", "GET", "/admin/queues/c"],
    ["cleanup", "POST", "/admin/tasks/cleanup"],
  ])("leaves an audit line for %s", async (operation, method, path) => {
    await using server = serve();
    await server.call(method, `/v1/codeq${path}`);
    expect(server.logLines.map(({ fields }) => [fields["audit"], fields["operation"]])).toEqual([[true, operation]]);
  });

  test("says there who did what in which request", async () => {
    await using server = serve();
    await server.post("/admin/tasks/cleanup", { limit: 5 }, { "x-request-id": "audit-me" });
    expect(server.logLines).toContainEqual({
      message: "admin operation",
      fields: {
        audit: true,
        operation: "cleanup",
        subject: "producer-dev",
        tenant: "dev-tenant",
        requestId: "audit-me",
        before: "2026-07-20T12:00:00Z",
        limit: 5,
        deleted: 0,
      },
    });
  });

  test("defect 28: a role in a header makes nobody an admin", async () => {
    const producer = { type: "static", config: { token: "dev-token", subject: "producer" } };
    const authenticators = buildAuthenticators({ producer, worker: undefined, allowProducerAsWorker: false });
    await using server = serve({ authenticators });
    for (const headers of [{}, { "x-role": "ADMIN" }]) {
      const answer = await server.get("/admin/queues", headers);
      expect([answer.status, answer.member("error")]).toEqual([401, "unauthorized. Admin only"]);
    }
    expect(server.logLines).toEqual([]);
  });
});
