import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MemoryStore } from "../../store/memory-store.ts";
import { bearer, TestServer, twoTenants } from "../http-fixture.ts";

function serve(settings?: ConstructorParameters<typeof TestServer>[1]): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

describe("creating a task", () => {
  test("is acknowledged with 202 and the task, members in the protocol's order", async () => {
    await using server = serve();
    const answer = await server.post("/tasks", {
      command: "GENERATE_MASTER",
      payload: { b: 1, a: "<x>" },
      priority: 12,
      webhook: "https://example.org/done",
      maxAttempts: 2,
    });
    expect(answer.status).toBe(202);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    const id = answer.member("id");
    expect(answer.text).toBe(
      `{"id":"${id}","command":"GENERATE_MASTER","payload":"{\\"b\\":1,\\"a\\":\\"<x>\\"}","priority":9,` +
        '"webhook":"https://example.org/done","status":"PENDING","lastKnownLocation":"PENDING_LIST","maxAttempts":2,' +
        '"tenantId":"dev-tenant","createdAt":"2026-07-20T12:00:00.250Z","updatedAt":"2026-07-20T12:00:00.250Z"}',
    );
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  });

  test("does not look at the content type", async () => {
    await using server = serve();
    const answer = await server.post("/tasks", { command: "c", payload: 1 }, { "content-type": "text/plain" });
    expect(answer.status).toBe(202);
  });

  test("leaves out what is empty and clamps the priority", async () => {
    await using server = serve();
    const { json } = await server.post("/tasks", { command: "c", payload: 0, priority: -7, webhook: "", runAt: "" });
    expect(Object.keys(json)).not.toContain("priority");
    expect(Object.keys(json)).not.toContain("webhook");
    expect(json["maxAttempts"]).toBe(5);
  });

  test.each([
    ['{"payload":1}', "invalid body"],
    ['{"command":"","payload":1}', "invalid body"],
    ['{"command":"c"}', "invalid body"],
    ['{"command":"c","payload":null}', "invalid body"],
    ['{"command":"c","payload":1,"priority":1.5}', "invalid body"],
    ['{"command":"c","payload":1,"priority":"high"}', "invalid body"],
    ['{"command":"c","payload":1,"priority":1e999}', "invalid body"],
    ['{"command":"c","payload":1,"priority":9223372036854775808}', "invalid body"],
    ['{"command":"c","payload":1,"delaySeconds":"5"}', "invalid body"],
    ['{"command":7,"payload":1}', "invalid body"],
    ['{"command":["c"],"payload":1}', "invalid body"],
    ["", "invalid body"],
    ['{"command":" \\t","payload":1}', "invalid command"],
    ['{"command":"c","payload":1,"webhook":"ftp://x/y"}', "invalid webhook url"],
    ['{"command":"c","payload":1,"webhook":"nonsense"}', "invalid webhook url"],
    ['{"command":"c","payload":1,"runAt":"tomorrow"}', "invalid 'runAt' (use RFC3339)"],
    ['{"command":"c","payload":1,"delaySeconds":-1}', "invalid 'delaySeconds' (must be >= 0)"],
  ])("%s is 400 %s", async (body, error) => {
    await using server = serve();
    const answer = await server.post("/tasks", body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      error,
      code: "INVALID_ARGUMENT",
      requestId: answer.headers.get("x-request-id"),
    });
    expect(await server.queue.stats(undefined, undefined)).toEqual([]);
  });

  test.each([
    ["/tasks", "{}", "command: required"],
    ["/tasks", '{"command":"c"}', "payload: required"],
    ["/tasks", '{"command":"c","payload":null}', "payload: required"],
    ["/tasks/batch", "{}", "tasks: required"],
    ["/tasks/claim/batch", "{}", "count: required"],
  ])("%s with %s says in `detail` what is missing", async (path, body, detail) => {
    await using server = serve();
    expect((await server.post(path, body)).member("detail")).toBe(detail);
  });

  test("says in `detail` which member is wrong", async () => {
    await using server = serve();
    const answer = await server.post("/tasks", '{"command":"c","payload":1,"priority":"high"}');
    expect(answer.member("detail")).toContain("priority: ");
  });

  test("defect 21: with a delay is not delivered before it is over", async () => {
    await using server = serve();
    await server.post("/tasks", { command: "c", payload: 1, delaySeconds: 5 });
    server.now += 4999;
    await server.queue.sweepDue();
    expect((await server.post("/tasks/claim", {})).status).toBe(204);
    server.now += 1;
    await server.queue.sweepDue();
    expect((await server.post("/tasks/claim", {})).status).toBe(200);
  });

  test("with a delay or a time puts the task aside; the time goes before the delay", async () => {
    await using server = serve();
    const delayed = await server.post("/tasks", { command: "c", payload: 1, delaySeconds: 5 });
    expect(delayed.json).toMatchObject({ status: "PENDING", lastKnownLocation: "DELAYED_ZSET" });
    const later = await server.post("/tasks", { command: "c", payload: 1, runAt: "2026-07-20T09:00:01-03:00" });
    expect(later.json["lastKnownLocation"]).toBe("DELAYED_ZSET");
    const past = { command: "c", payload: 1, runAt: "2026-07-20T11:59:59Z", delaySeconds: 100 };
    expect((await server.post("/tasks", past)).json["lastKnownLocation"]).toBe("PENDING_LIST");
  });
});

describe("payloads", () => {
  test.each([
    '{"z":1,"a":2}',
    "12345678901234567890",
    "0.10000000000000000555",
    "1e999",
    '"\\ud800\\u0000\\/"',
    '{"a":1,"a":2,"__proto__":{"admin":true}}',
    "[ 1 ,\n\t2 ]",
    '"<>&\u2028"',
  ])("defect 48: %j comes back byte for byte", async (payload) => {
    await using server = serve();
    const created = await server.post("/tasks", `{"command":"c","payload": ${payload} }`);
    expect(created.member("payload")).toBe(payload);
    const claimed = await server.post("/tasks/claim", {});
    expect(claimed.member("payload")).toBe(payload);
    expect((await server.get(`/tasks/${claimed.member("id")}`)).member("payload")).toBe(payload);
  });

  test("defect 48: any JSON comes back byte for byte", async () => {
    await using server = serve();
    const payloads = fc.json().filter((json) => json !== "null");
    await fc.assert(
      fc.asyncProperty(payloads, async (payload) => {
        const created = await server.post("/tasks", `{"payload":${payload},"command":"c"}`);
        expect(created.member("payload")).toBe(payload);
      }),
    );
  });

  test("over the limit are 413, with the sizes", async () => {
    await using server = serve({ policy: { payloadBytesMax: 10 } });
    const answer = await server.post("/tasks", { command: "c", payload: "123456789" });
    expect(answer.status).toBe(413);
    expect(answer.json).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      error: "payload of 11 bytes is over the limit of 10 bytes",
    });
  });
});

describe("idempotency keys", () => {
  test("a known key yields the first task and says so", async () => {
    await using server = serve();
    const first = await server.post("/tasks", { command: "c", payload: 1, idempotencyKey: "k" });
    expect(first.headers.has("idempotency-replayed")).toBeFalse();
    const again = await server.post("/tasks", { command: "other", payload: 2, priority: 9, idempotencyKey: "k" });
    expect(again.status).toBe(202);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.text).toBe(first.text);
  });

  test("defect 5: of concurrent creates with one key exactly one creates", async () => {
    await using server = serve();
    const create = () => server.post("/tasks", { command: "c", payload: 1, idempotencyKey: "k" });
    const answers = await Promise.all(Array.from({ length: 20 }, create));
    expect(new Set(answers.map((answer) => answer.member("id"))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.has("idempotency-replayed"))).toHaveLength(19);
  });

  test("defect 30: another tenant's key is another key", async () => {
    await using server = serve({ authenticators: twoTenants() });
    const body = { command: "c", payload: "secret of a", idempotencyKey: "k" };
    const a = await server.post("/tasks", body, bearer("a-producer"));
    const b = await server.post("/tasks", { ...body, payload: "b" }, bearer("b-producer"));
    expect(b.member("id")).not.toBe(a.member("id"));
    expect(b.member("payload")).toBe('"b"');
    expect(b.headers.has("idempotency-replayed")).toBeFalse();
  });
});

describe("creating a batch", () => {
  test("answers each task for itself, in order", async () => {
    await using server = serve();
    const answer = await server.post(
      "/tasks/batch",
      '{"tasks":[{"command":"a","payload":1.0},{"payload":1},{"command":"b"},{"command":"c","payload":1,"runAt":"x"},' +
        '{"command":"d","payload":1,"webhook":"x"},{"command":"e","payload":1,"delaySeconds":-1}]}',
    );
    expect(answer.status).toBe(200);
    expect(answer.json["results"]).toMatchObject([
      { task: { command: "a", payload: "1.0" } },
      { error: "invalid command", code: "INVALID_ARGUMENT" },
      { task: { command: "b", payload: "null" } },
      { error: "invalid 'runAt' (use RFC3339)" },
      { error: "invalid webhook url" },
      { error: "invalid 'delaySeconds' (must be >= 0)" },
    ]);
  });

  test.each([
    ["{}", "invalid body"],
    ['{"tasks":[]}', "invalid body"],
    ['{"tasks":{}}', "invalid body"],
    ['{"tasks":[1]}', "invalid body"],
    ['{"tasks":[{"command":"c","payload":1},{"command":1}]}', "invalid body"],
    [JSON.stringify({ tasks: Array.from({ length: 101 }, () => ({})) }), "batch size exceeds maximum of 100"],
  ])("%.60s is 400 as a whole", async (body, error) => {
    await using server = serve();
    const answer = await server.post("/tasks/batch", body);
    expect(answer.status).toBe(400);
    expect(answer.member("error")).toBe(error);
    expect(await server.queue.stats(undefined, undefined)).toEqual([]);
  });

  test("takes a hundred tasks", async () => {
    await using server = serve();
    const tasks = Array.from({ length: 100 }, (_, index) => ({ command: "c", payload: index }));
    expect((await server.post("/tasks/batch", { tasks })).status).toBe(200);
    expect((await server.get("/admin/queues/c")).json["ready"]).toBe(100);
  });
});
