import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../../store/memory-store.ts";
import { bearer, type TestAnswer, TestServer, type TestSettings, twoTenants } from "../http-fixture.ts";

const UNKNOWN = "019f7f65-b6fa-7000-800f-7e60ae5690d1";

function serve(settings?: TestSettings): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

/** Creates a task and claims it; yields its id. */
async function leased(server: TestServer, extra: object = {}): Promise<string> {
  await server.post("/tasks", { command: "c", payload: 1, ...extra });
  return (await server.post("/tasks/claim", { leaseSeconds: 60 })).member("id");
}

function brief({ status, json }: TestAnswer): unknown[] {
  return [status, json["error"], json["code"]];
}

describe("heartbeat", () => {
  test("moves the end of the lease to that much from now", async () => {
    await using server = serve();
    const id = await leased(server);
    server.now += 10_000;
    const answer = await server.post(`/tasks/${id}/heartbeat`, { extendSeconds: 30 });
    expect([answer.status, answer.text]).toEqual([200, '{"ok":true}']);
    expect((await server.get(`/tasks/${id}`)).member("leaseUntil")).toBe("2026-07-20T12:00:40Z");
    await server.post(`/tasks/${id}/heartbeat`, {});
    expect((await server.get(`/tasks/${id}`)).member("leaseUntil")).toBe("2026-07-20T12:05:10Z");
  });

  test("needs a body", async () => {
    await using server = serve();
    expect(brief(await server.post(`/tasks/${await leased(server)}/heartbeat`))).toEqual([
      400,
      "invalid body",
      "INVALID_ARGUMENT",
    ]);
  });
});

describe("abandon", () => {
  test("puts the task back, the delivery counted", async () => {
    await using server = serve();
    const id = await leased(server);
    const answer = await server.post(`/tasks/${id}/abandon`);
    expect([answer.status, answer.text]).toEqual([200, '{"status":"requeued"}']);
    const { json } = await server.get(`/tasks/${id}`);
    expect(json).toMatchObject({ status: "PENDING", lastKnownLocation: "PENDING_LIST", attempts: 1 });
    expect(json["workerId"]).toBeUndefined();
    expect(json["leaseUntil"]).toBeUndefined();
  });

  test("reads no body, however broken", async () => {
    await using server = serve();
    expect((await server.post(`/tasks/${await leased(server)}/abandon`, "{")).status).toBe(200);
  });
});

describe("nack", () => {
  test("requeues after the delay asked for", async () => {
    await using server = serve();
    const id = await leased(server);
    const answer = await server.post(`/tasks/${id}/nack`, { delaySeconds: 2, reason: "later" });
    expect([answer.status, answer.text]).toEqual([200, '{"delaySeconds":2,"status":"requeued"}']);
    expect((await server.get(`/tasks/${id}`)).json["lastKnownLocation"]).toBe("DELAYED_ZSET");
  });

  test("defect 20: an explicit delay of 0 makes the task claimable at once", async () => {
    await using server = serve();
    const id = await leased(server);
    expect((await server.post(`/tasks/${id}/nack`, { delaySeconds: 0 })).text).toBe(
      '{"delaySeconds":0,"status":"requeued"}',
    );
    expect((await server.post("/tasks/claim", {})).member("id")).toBe(id);
  });

  test.each([{}, { delaySeconds: null }, { delaySeconds: -1 }])("%j leaves the delay to the backoff", async (body) => {
    await using server = serve();
    const answer = await server.post(`/tasks/${await leased(server)}/nack`, body);
    expect(answer.json["delaySeconds"]).toBe(5);
  });

  test("the delay told is in whole seconds and never less than the real one", async () => {
    await using server = serve({ policy: { retry: { backoff: "fixed", baseMs: 1500, maxMs: 900_000 } } });
    expect((await server.post(`/tasks/${await leased(server)}/nack`, {})).json["delaySeconds"]).toBe(2);
  });

  test("a delay is capped like the backoff", async () => {
    await using server = serve();
    const answer = await server.post(`/tasks/${await leased(server)}/nack`, { delaySeconds: 1_000_000 });
    expect(answer.json["delaySeconds"]).toBe(900);
  });

  test("defect 19: the last allowed delivery ends in the dead-letter queue, not an earlier one", async () => {
    await using server = serve();
    const id = await leased(server, { maxAttempts: 2 });
    expect((await server.post(`/tasks/${id}/nack`, { delaySeconds: 0 })).json["status"]).toBe("requeued");
    expect((await server.post("/tasks/claim", {})).json["attempts"]).toBe(2);
    const dead = await server.post(`/tasks/${id}/nack`, { reason: "no use" });
    expect(dead.text).toBe('{"delaySeconds":0,"status":"dlq"}');
    const task = await server.get(`/tasks/${id}`);
    expect(task.json).toMatchObject({ status: "FAILED", lastKnownLocation: "DLQ_SET", error: "no use", attempts: 2 });
    expect(task.json["resultKey"]).toBeUndefined();
    expect(brief(await server.get(`/tasks/${id}/result`))).toEqual([404, "result not found", "NOT_FOUND"]);
  });
});

describe.each([
  ["heartbeat", {}],
  ["abandon", undefined],
  ["nack", {}],
])("%s", (verb, body) => {
  test.each([UNKNOWN, "nope", "%00", "%zz", "..%2F..", "x".repeat(500)])(
    "defect 53: a missing task (%.20s) is 404",
    async (id) => {
      await using server = serve();
      expect(brief(await server.post(`/tasks/${id}/${verb}`, body))).toEqual([404, "not-found", "NOT_FOUND"]);
    },
  );

  test("a task that nobody holds is not the caller's", async () => {
    await using server = serve();
    const created = await server.post("/tasks", { command: "c", payload: 1 });
    expect(brief(await server.post(`/tasks/${created.member("id")}/${verb}`, body))).toEqual([
      403,
      "not-owner",
      "NOT_OWNER",
    ]);
  });

  test("a task that another worker holds is not the caller's", async () => {
    await using server = serve({ authenticators: twoTenants() });
    await server.post("/tasks", { command: "c", payload: 1 }, bearer("a-producer"));
    const id = (await server.post("/tasks/claim", {}, bearer("a-worker"))).member("id");
    const answer = await server.post(`/tasks/${id}/${verb}`, body, bearer("a-worker-2"));
    expect(brief(answer)).toEqual([403, "not-owner", "NOT_OWNER"]);
  });

  test("defect 31: a worker of another tenant with the same name does not reach the task", async () => {
    await using server = serve({ authenticators: twoTenants() });
    await server.post("/tasks", { command: "c", payload: 1 }, bearer("a-producer"));
    const claimed = await server.post("/tasks/claim", {}, bearer("a-worker"));
    const id = claimed.member("id");
    expect(brief(await server.post(`/tasks/${id}/${verb}`, body, bearer("b-worker")))).toEqual([
      404,
      "not-found",
      "NOT_FOUND",
    ]);
    expect((await server.get(`/tasks/${id}`, bearer("a-worker"))).text).toBe(claimed.text);
  });
});
