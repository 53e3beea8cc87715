import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { membersOf, OneServer, textOf } from "./one-server.ts";

/** What existing load scripts and curl lines send, and what they look at in the answers. */

let server: OneServer;
beforeAll(async () => {
  server = await OneServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

describe("a load script", () => {
  test("creates, claims and completes, and reads back what it put into the payload", async () => {
    const payload = { source: "k6", scenario: "sustained", vu: 3, iter: 17 };
    const created = await server.post("/tasks", { command: "GENERATE_MASTER", payload, priority: 0 });
    expect(created.status).toBe(202);
    const claimed = await server.post("/tasks/claim", {
      commands: ["GENERATE_MASTER"],
      leaseSeconds: 60,
      waitSeconds: 0,
    });
    expect(claimed.status).toBe(200);
    const task = membersOf(claimed);
    expect(task).toMatchObject({
      id: textOf(created, "id"),
      command: "GENERATE_MASTER",
      status: "IN_PROGRESS",
      attempts: 1,
    });
    expect(JSON.parse(textOf(claimed, "payload"))).toEqual(payload);
    expect(task["priority"]).toBeUndefined();
    expect(Date.parse(textOf(claimed, "createdAt"))).toBeGreaterThan(Date.parse("2025-01-01T00:00:00Z"));
    const result = { status: "COMPLETED", result: { ok: true, scenario: "sustained" } };
    expect((await server.post(`/tasks/${textOf(claimed, "id")}/result`, result)).status).toBe(200);
    const nothing = await server.post("/tasks/claim", {
      commands: ["GENERATE_MASTER"],
      leaseSeconds: 60,
      waitSeconds: 0,
    });
    expect({ status: nothing.status, text: nothing.text }).toEqual({ status: 204, text: "" });
  });

  test("sends priority 10, which comes back as 9, and gets the higher priority first", async () => {
    for (const priority of [0, 5, 10]) {
      await server.post("/tasks", { command: "MIXED", payload: { priority }, priority });
    }
    const seen: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      seen.push(membersOf(await server.post("/tasks/claim", { commands: ["MIXED"], leaseSeconds: 60 }))["priority"]);
    }
    expect(seen).toEqual([9, 5, undefined]);
  });

  test("delays some of its tasks and reads the depths of the queue when it is done", async () => {
    await server.post("/tasks", { command: "DELAYED", payload: { delayed: true }, maxAttempts: 3, delaySeconds: 30 });
    await server.post("/tasks", { command: "DELAYED", payload: { delayed: false }, delaySeconds: 0 });
    const stats = await server.get("/admin/queues/DELAYED");
    expect(stats.status).toBe(200);
    expect(stats.text).toBe('{"command":"DELAYED","ready":1,"delayed":1,"inProgress":0,"dlq":0}');
  });

  test("reports a failure", async () => {
    await server.post("/tasks", { command: "FAILING", payload: {} });
    const id = textOf(await server.post("/tasks/claim", { commands: ["FAILING"] }), "id");
    const failed = await server.post(`/tasks/${id}/result`, { status: "FAILED", error: "loadtest error" });
    expect(membersOf(failed)).toMatchObject({ taskId: id, status: "FAILED", error: "loadtest error" });
  });
});

describe("by hand", () => {
  test("a task goes through its life, and each answer has the members and texts one knows", async () => {
    const created = await server.post("/tasks", { command: "BY_HAND", payload: { b: 1, a: "<x>" }, priority: 12 });
    expect(membersOf(created)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      command: "BY_HAND",
      payload: '{"b":1,"a":"<x>"}',
      priority: 9,
      status: "PENDING",
      lastKnownLocation: "PENDING_LIST",
      maxAttempts: 5,
      tenantId: "dev-tenant",
      createdAt: expect.stringMatching(RFC3339_UTC),
      updatedAt: expect.stringMatching(RFC3339_UTC),
    });
    const id = textOf(created, "id");
    expect(membersOf(await server.post("/tasks/claim", { commands: ["BY_HAND"], leaseSeconds: 60 }))).toMatchObject({
      workerId: "worker-dev",
      lastKnownLocation: "INPROG_SET",
      leaseUntil: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect((await server.post(`/tasks/${id}/heartbeat`, { extendSeconds: 30 })).text).toBe('{"ok":true}');
    const nacked = await server.post(`/tasks/${id}/nack`, { delaySeconds: 2, reason: "x" });
    expect(nacked.text).toBe('{"delaySeconds":2,"status":"requeued"}');
    const again = await server.post("/tasks/claim", { commands: ["BY_HAND"], waitSeconds: 30 });
    expect(membersOf(again)).toMatchObject({ id, attempts: 2 });
    expect((await server.post(`/tasks/${id}/abandon`, undefined)).text).toBe('{"status":"requeued"}');
    await server.post("/tasks/claim", { commands: ["BY_HAND"] });
    const done = { status: "COMPLETED", result: { ok: true } };
    expect(membersOf(await server.post(`/tasks/${id}/result`, done))).toMatchObject({
      taskId: id,
      result: { ok: true },
    });
    const late = await server.post(`/tasks/${id}/result`, done);
    expect({ status: late.status, error: textOf(late, "error") }).toEqual({ status: 409, error: "not-in-progress" });
    expect(membersOf(await server.get(`/tasks/${id}/result`))).toMatchObject({
      result: { status: "COMPLETED", result: { ok: true } },
      task: { resultKey: "codeq:results", status: "COMPLETED", lastKnownLocation: "NONE" },
    });
  });

  test("mistakes are answered in the words one knows", async () => {
    const withoutPayload = await server.post("/tasks", { command: "BY_HAND" });
    expect({ status: withoutPayload.status, error: textOf(withoutPayload, "error") }).toEqual({
      status: 400,
      error: "invalid body",
    });
    const missing = await server.get("/tasks/nope");
    expect({ status: missing.status, error: textOf(missing, "error") }).toEqual({ status: 404, error: "not found" });
    const nobody = await fetch(`${server.url}/v1/codeq/tasks`, { method: "POST", body: "{}" });
    expect(nobody.status).toBe(401);
    expect(await nobody.json()).toMatchObject({ error: "missing Authorization header" });
    const admin = await server.get("/admin/queues/NEVER_SEEN");
    expect(admin.text).toBe('{"command":"NEVER_SEEN","ready":0,"delayed":0,"inProgress":0,"dlq":0}');
  });
});
