import { describe, expect, test } from "bun:test";
import { CodeqError } from "../../queue/errors.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import { bearer, TestServer, type TestSettings, twoTenants, until } from "../http-fixture.ts";

const UNKNOWN = "019f7f65-b6fa-7000-800f-7e60ae5690d1";

function serve(settings?: TestSettings): TestServer {
  return new TestServer(new MemoryStore([1, 2]), settings);
}

async function leased(server: TestServer): Promise<string> {
  await server.post("/tasks", { command: "c", payload: 1 });
  return (await server.post("/tasks/claim", {})).member("id");
}

describe("a result", () => {
  test("is stored once, byte for byte, and answered as a record", async () => {
    await using server = serve();
    const id = await leased(server);
    const answer = await server.post(`/tasks/${id}/result`, '{"status":"COMPLETED","result": {"z":1.0, "a":[1,  2]} }');
    expect(answer.status).toBe(200);
    const record = `{"taskId":"${id}","status":"COMPLETED","result":{"z":1.0, "a":[1,  2]},"completedAt":"2026-07-20T12:00:00.250Z"}`;
    expect(answer.text).toBe(record);
    const read = await server.get(`/tasks/${id}/result`);
    const task = await server.get(`/tasks/${id}`);
    expect(read.text).toBe(`{"result":${record},"task":${task.text}}`);
    expect(task.json).toMatchObject({ status: "COMPLETED", lastKnownLocation: "NONE", resultKey: "codeq:results" });
    const again = await server.post(`/tasks/${id}/result`, { status: "COMPLETED", result: {} });
    expect([again.status, again.member("error")]).toEqual([409, "not-in-progress"]);
  });

  test.each(['{"status":"COMPLETED"}', '{"status":"COMPLETED","result":null}'])(
    "defect 55: %s counts as an empty object",
    async (body) => {
      await using server = serve();
      const id = await leased(server);
      expect((await server.post(`/tasks/${id}/result`, body)).json["result"]).toEqual({});
      expect((await server.get(`/tasks/${id}/result`)).json).toMatchObject({ result: { result: {} } });
    },
  );

  test("FAILED is final and keeps the error", async () => {
    await using server = serve();
    const id = await leased(server);
    const answer = await server.post(`/tasks/${id}/result`, { status: "FAILED", error: "no luck" });
    expect(answer.json).toMatchObject({ status: "FAILED", error: "no luck" });
    expect((await server.get(`/tasks/${id}`)).json).toMatchObject({
      status: "FAILED",
      lastKnownLocation: "NONE",
      error: "no luck",
    });
    expect((await server.get(`/tasks/${id}/result`)).status).toBe(200);
    expect((await server.post("/tasks/claim", {})).status).toBe(204);
  });

  test.each([
    ["", "invalid request body"],
    ["{}", "invalid request body"],
    ['{"status":""}', "invalid request body"],
    ['{"status":"COMPLETED","result":[]}', "invalid request body"],
    ['{"status":"COMPLETED","result":"x"}', "invalid request body"],
    ['{"status":"COMPLETED","result":1}', "invalid request body"],
    ['{"status":"DONE","result":{}}', "invalid status"],
    ['{"status":"FAILED"}', "error required when status=FAILED"],
    ['{"status":"FAILED","error":" "}', "error required when status=FAILED"],
    ['{"status":"COMPLETED","result":{},"artifacts":[{"name":"a"}]}', "artifacts are not supported"],
  ])("%s is 400 and leaves the task leased", async (body, error) => {
    await using server = serve();
    const id = await leased(server);
    const answer = await server.post(`/tasks/${id}/result`, body);
    expect([answer.status, answer.member("error")]).toEqual([400, error]);
    expect((await server.get(`/tasks/${id}`)).json["status"]).toBe("IN_PROGRESS");
  });

  test("whose task it is comes before what is wrong with the result", async () => {
    await using server = serve({ authenticators: twoTenants() });
    const wrong = { status: "DONE" };
    const missing = await server.post(`/tasks/${UNKNOWN}/result`, wrong, bearer("a-worker"));
    expect([missing.status, missing.member("error")]).toEqual([404, "task not found"]);
    const created = await server.post("/tasks", { command: "c", payload: 1 }, bearer("a-producer"));
    const path = `/tasks/${created.member("id")}/result`;
    const early = await server.post(path, wrong, bearer("a-worker"));
    expect([early.status, early.member("error")]).toEqual([409, "not-in-progress"]);
    await server.post("/tasks/claim", {}, bearer("a-worker"));
    expect((await server.post(path, wrong, bearer("a-worker"))).status).toBe(400);
    const other = await server.post(path, wrong, bearer("a-worker-2"));
    expect([other.status, other.member("error")]).toEqual([403, "not-owner"]);
  });

  test("defect 31: a worker of another tenant with the same name cannot finish the task", async () => {
    await using server = serve({ authenticators: twoTenants() });
    await server.post("/tasks", { command: "c", payload: 1 }, bearer("a-producer"));
    const id = (await server.post("/tasks/claim", {}, bearer("a-worker"))).member("id");
    const answer = await server.post(`/tasks/${id}/result`, { status: "COMPLETED" }, bearer("b-worker"));
    expect([answer.status, answer.member("error")]).toEqual([404, "task not found"]);
    expect((await server.post(`/tasks/${id}/result`, { status: "COMPLETED" }, bearer("a-worker"))).status).toBe(200);
  });

  test("the worker named in the body does not count", async () => {
    await using server = serve();
    const id = await leased(server);
    expect((await server.post(`/tasks/${id}/result`, { status: "COMPLETED", workerId: "somebody" })).status).toBe(200);
  });
});

/** A store that takes tasks but no results. */
class FailingStore extends MemoryStore {
  override complete(): ReturnType<MemoryStore["complete"]> {
    return Promise.reject(new CodeqError("UNAVAILABLE", "no write"));
  }
}

describe("a batch of results", () => {
  test("defect 15: when results cannot be stored, no task counts as completed", async () => {
    await using server = new TestServer(new FailingStore([1, 2]));
    const ids = [await leased(server), await leased(server)];
    const results = ids.map((taskId) => ({ taskId, status: "COMPLETED", result: {} }));
    const answer = await server.post("/tasks/batch/results", { results });
    expect([answer.status, answer.member("code")]).toEqual([503, "UNAVAILABLE"]);
    for (const id of ids) expect((await server.get(`/tasks/${id}`)).json["status"]).toBe("IN_PROGRESS");
  });

  test("answers each for itself, in order", async () => {
    await using server = serve();
    const [one, two, three] = [await leased(server), await leased(server), await leased(server)];
    const answer = await server.post(
      "/tasks/batch/results",
      `{"results":[{"taskId":"${one}","status":"COMPLETED","result":{"n": 1.0}},{"taskId":"${two}","status":"FAILED"},` +
        `{"taskId":"${three}","status":"FAILED","error":"x"},{"taskId":"nope","status":"COMPLETED"},` +
        `{"taskId":"${one}","status":"COMPLETED"},{"status":"COMPLETED"},{"taskId":"${two}","status":"huh"}]}`,
    );
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"result":{"n": 1.0}');
    expect(answer.json["results"]).toMatchObject([
      { taskId: one, result: { taskId: one, status: "COMPLETED", result: { n: 1 } } },
      { taskId: two, error: "error required when status=FAILED", code: "INVALID_ARGUMENT" },
      { taskId: three, result: { status: "FAILED", error: "x" } },
      { taskId: "nope", error: "task not found", code: "NOT_FOUND" },
      { taskId: one, error: "not-in-progress", code: "NOT_IN_PROGRESS" },
      { taskId: "", error: "task not found" },
      { taskId: two, error: "invalid status" },
    ]);
  });

  test.each([
    ["{}", "invalid body"],
    ['{"results":[]}', "invalid body"],
    ['{"results":[{"taskId":1}]}', "invalid body"],
    ['{"results":[{"taskId":"x","status":"COMPLETED","result":[]}]}', "invalid body"],
    [JSON.stringify({ results: Array.from({ length: 101 }, () => ({})) }), "batch size exceeds maximum of 100"],
  ])("%.50s is 400 as a whole", async (body, error) => {
    await using server = serve();
    const answer = await server.post("/tasks/batch/results", body);
    expect([answer.status, answer.member("error")]).toEqual([400, error]);
  });
});

describe("waiting for a result", () => {
  test("is woken by the result", async () => {
    await using server = serve();
    const id = await leased(server);
    const waiting = server.get(`/tasks/${id}/result?waitSeconds=60`);
    await until(() => server.queue.waiting.results === 1);
    await server.post(`/tasks/${id}/result`, { status: "COMPLETED", result: { ok: true } });
    expect((await waiting).json).toMatchObject({ result: { result: { ok: true } }, task: { status: "COMPLETED" } });
  });

  test("for longer than the server allows is cut", async () => {
    await using server = serve({ limits: { resultWaitMsMax: 10 } });
    const answer = await server.get(`/tasks/${await leased(server)}/result?waitSeconds=1000000`);
    expect([answer.status, answer.member("error")]).toEqual([404, "result not found"]);
  });

  test.each(["", "?waitSeconds=0", "?waitSeconds=-1", "?waitSeconds=soon", "?waitSeconds=1.5", "?other=5"])(
    "%s does not wait",
    async (query) => {
      await using server = serve();
      const answer = await server.get(`/tasks/${await leased(server)}/result${query}`);
      expect([answer.status, answer.member("error")]).toEqual([404, "result not found"]);
    },
  );

  test("a missing task is 404 at once", async () => {
    await using server = serve();
    const answer = await server.get(`/tasks/${UNKNOWN}/result?waitSeconds=60`);
    expect([answer.status, answer.member("error")]).toEqual([404, "task not found"]);
  });
});
