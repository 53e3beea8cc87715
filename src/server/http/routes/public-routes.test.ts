import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../../store/memory-store.ts";
import { bearer, TestServer, type TestSettings } from "../http-fixture.ts";
import { RESPONSES } from "../response-schemas.ts";

const NOBODY = { authorization: "" };

function serve(settings?: TestSettings): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

describe("defect 70: without a token one can ask", () => {
  test("whether the server lives, and at which durability level", async () => {
    await using server = serve();
    const answer = await server.call("GET", "/healthz", undefined, NOBODY);
    expect([answer.status, answer.json]).toEqual([
      200,
      { status: "ok", ready: true, durability: "off", version: "0.1.0" },
    ]);
  });

  test("whether it is ready; a server that is not says why and lives on", async () => {
    const reasons = ["draining", "shard 2 does not take writes"];
    const creates = "refused: disk full";
    const health = { ready: false, reasons, creates, durability: "full", version: "1", commit: "c" } as const;
    await using server = serve({ health });
    const answer = await server.call("GET", "/readyz", undefined, NOBODY);
    expect([answer.status, answer.json]).toEqual([503, { ready: false, reasons, creates }]);
    expect((await server.call("GET", "/healthz", undefined, NOBODY)).status).toBe(200);
  });

  test.each(["/readyz", "/version", "/", "/openapi.json", "/docs", "/metrics"])("%s", async (path) => {
    await using server = serve();
    const answer = await server.call("GET", path, undefined, NOBODY);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  });

  test("with HEAD too, as probes do", async () => {
    await using server = serve();
    const answer = await server.call("HEAD", "/healthz", undefined, NOBODY);
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });
});

test("metrics come as Prometheus text", async () => {
  await using server = serve();
  const answer = await server.call("GET", "/metrics");
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(answer.text).toContain("codeq_info 1");
});

describe("the documentation", () => {
  test("is complete without a network and may load nothing from elsewhere", async () => {
    await using server = serve();
    const page = await server.call("GET", "/docs", undefined, NOBODY);
    const policy = page.headers.get("content-security-policy");
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(rule);
    }
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part ?? "");
    expect(parts).toHaveLength(4);
    for (const part of parts) {
      expect(part).toStartWith("/docs/");
      const answer = await server.call("GET", part, undefined, NOBODY);
      expect(answer.status).toBe(200);
      expect(answer.text.length).toBeGreaterThan(50);
    }
  });

  test("describes every route with schemas that exist", async () => {
    await using server = serve();
    const { text, json } = await server.call("GET", "/openapi.json", undefined, NOBODY);
    expect(json["openapi"]).toBe("3.1.0");
    expect(Object.keys(json["paths"] ?? {})).toContain("/v1/codeq/tasks/{id}/result");
    const { schemas } = Object(json["components"]);
    const refs = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? "");
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(refs));
    expect(schemas.CreateTask.required).toEqual(["command", "payload"]);
    expect(schemas.CreateTask.properties.payload.type).toBeUndefined();
    expect(schemas.SubmitResult.properties.result.type).toBe("object");
  });

  test.each([
    ["/v1/codeq/tasks/claim", "post", "507", "DISK_FULL"],
    ["/v1/codeq/tasks/{id}/heartbeat", "post", "507", "DISK_FULL"],
    ["/v1/codeq/admin/queues/{command}", "get", "400", "INVALID_ARGUMENT"],
  ])("describes what %s may be refused with", async (path, method, status, code) => {
    await using server = serve();
    const { json } = await server.call("GET", "/openapi.json", undefined, NOBODY);
    expect(Object(json["paths"])[path][method].responses[status].description).toContain(code);
  });

  test("describes answers as they are", async () => {
    await using server = serve();
    const task = await server.post("/tasks", { command: "c", payload: 1, priority: 3, webhook: "http://x.test/" });
    const claimed = await server.post("/tasks/claim/batch", { count: 10 });
    const id = task.member("id");
    const samples = [
      [RESPONSES.Task, task],
      [RESPONSES.ClaimedTasks, claimed],
      [RESPONSES.Ok, await server.post(`/tasks/${id}/heartbeat`, {})],
      [RESPONSES.QueueCounts, await server.get("/admin/queues")],
      [RESPONSES.QueueStats, await server.get("/admin/queues/c")],
      [RESPONSES.CreateTaskBatchResult, await server.post("/tasks/batch", { tasks: [{}, { command: "c" }] })],
      [RESPONSES.Result, await server.post(`/tasks/${id}/result`, { status: "FAILED", error: "x", result: {} })],
      [RESPONSES.TaskWithResult, await server.get(`/tasks/${id}/result`)],
      [RESPONSES.Task, await server.get(`/tasks/${id}`)],
      [RESPONSES.SubmitResultBatchResult, await server.post("/tasks/batch/results", { results: [{ taskId: id }] })],
      [RESPONSES.CleanupResult, await server.post("/admin/tasks/cleanup")],
      [RESPONSES.Health, await server.call("GET", "/healthz")],
      [RESPONSES.Readiness, await server.call("GET", "/readyz")],
      [RESPONSES.Version, await server.call("GET", "/version")],
      [RESPONSES.Error, await server.get("/tasks/nope")],
      [RESPONSES.Error, await server.get("/tasks/nope", bearer("wrong"))],
    ] as const;
    for (const [schema, answer] of samples) expect(schema.safeParse(answer.json).error).toBeUndefined();
  });
});
