import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../../store/memory-store.ts";
import { bearer, TestServer, twoTenants } from "../http-fixture.ts";

describe("reading", () => {
  test.each(["nope", "019f7f65-b6fa-7000-800f-7e60ae5690d1", "%00", "%zz"])("%s is not found", async (id) => {
    await using server = new TestServer(new MemoryStore([1, 2]));
    const task = await server.get(`/tasks/${id}`);
    expect([task.status, task.member("error"), task.member("code")]).toEqual([404, "not found", "NOT_FOUND"]);
    const result = await server.get(`/tasks/${id}/result`);
    expect([result.status, result.member("error")]).toEqual([404, "task not found"]);
  });

  test("producers and workers of the tenant see a task; text members are escaped as JSON", async () => {
    await using server = new TestServer(new MemoryStore([1, 2]), { authenticators: twoTenants() });
    const command = 'quo"te\\back\u0001slash/é😀';
    const created = await server.post("/tasks", { command, payload: command }, bearer("a-producer"));
    for (const token of ["a-producer", "a-worker"]) {
      const seen = await server.get(`/tasks/${created.member("id")}`, bearer(token));
      expect(seen.text).toBe(created.text);
      expect(seen.member("command")).toBe(command);
      expect(JSON.parse(seen.member("payload"))).toBe(command);
    }
  });

  test("defect 29: a task of another tenant does not exist, nor does its result", async () => {
    await using server = new TestServer(new MemoryStore([1, 2]), { authenticators: twoTenants() });
    const created = await server.post("/tasks", { command: "c", payload: "secret" }, bearer("a-producer"));
    await server.post("/tasks/claim", {}, bearer("a-worker"));
    const id = created.member("id");
    await server.post(`/tasks/${id}/result`, { status: "COMPLETED", result: { secret: 1 } }, bearer("a-worker"));
    for (const token of ["b-producer", "b-worker"]) {
      for (const path of [`/tasks/${id}`, `/tasks/${id}/result`, `/tasks/${id}/result?waitSeconds=60`]) {
        const answer = await server.get(path, bearer(token));
        expect(answer.status).toBe(404);
        expect(answer.text).not.toContain("secret");
      }
    }
    expect((await server.get(`/tasks/${id}/result`, bearer("a-producer"))).status).toBe(200);
  });
});
