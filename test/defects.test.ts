import { expect, test } from "bun:test";
import { HttpConnection } from "./http-connection.ts";
import { membersOf, OneServer, tasksOf, textOf } from "./one-server.ts";

/** What another server of this protocol gets wrong, tried on the whole server. */

const LARGE_BATCHES = ["--create-batch-max", "10000", "--claim-batch-max", "10000"];

test("defect 6: 150,000 pending tasks in one queue stay claimable, each once, after a restart as well", async () => {
  const [TASKS, BATCH] = [150_000, 10_000];
  await using server = await OneServer.start({ flags: LARGE_BATCHES });
  for (let first = 0; first < TASKS; first += BATCH) {
    const tasks = Array.from({ length: BATCH }, (_, index) => ({ command: "DEEP", payload: first + index }));
    expect((await server.post("/tasks/batch", { tasks })).status).toBe(200);
  }
  await server.restart({ flags: LARGE_BATCHES });
  expect(membersOf(await server.get("/admin/queues/DEEP"))).toMatchObject({ ready: TASKS });
  let next = 0;
  let inOrder = true;
  for (;;) {
    const tasks = tasksOf(await server.post("/tasks/claim/batch", { commands: ["DEEP"], count: BATCH }));
    if (tasks.length === 0) break;
    for (const { payload } of tasks) {
      inOrder &&= payload === String(next);
      next += 1;
    }
  }
  expect({ next, inOrder }).toEqual({ next: TASKS, inOrder: true });
}, 60_000);

test("defect 14: of everything that ends a lease at the same moment, one thing happens", async () => {
  await using server = await OneServer.start();
  const connections = await Promise.all(Array.from({ length: 6 }, () => server.connect()));
  const call = (index: number, path: string, body: unknown) =>
    (connections[index] ?? connections[0])?.request("POST", `/v1/codeq/tasks/${path}`, "dev-token", body);
  for (let round = 0; round < 50; round += 1) {
    await server.post("/tasks", { command: "C", payload: round });
    const id = textOf(await server.post("/tasks/claim", { commands: ["C"] }), "id");
    const done = { status: "COMPLETED", result: { round } };
    const answers = await Promise.all([
      call(0, `${id}/result`, done),
      call(1, `${id}/nack`, { delaySeconds: 600 }),
      call(2, `${id}/heartbeat`, { extendSeconds: 60 }),
      call(3, `${id}/result`, { status: "FAILED", error: "no" }),
      call(4, "batch/results", { results: [{ taskId: id, ...done }] }),
      call(5, `${id}/nack`, { delaySeconds: 600 }),
    ]);
    const [completed, nacked, , failed, batch, nackedToo] = answers;
    const ends = [completed, nacked, failed, nackedToo].filter((answer) => answer?.status === 200).length;
    const inBatch = batch?.text.includes('"result":{') === true ? 1 : 0;
    expect(ends + inBatch).toBe(1);
    const status = textOf(await server.get(`/tasks/${id}`), "status");
    const expected =
      nacked?.status === 200 || nackedToo?.status === 200 ? "PENDING" : failed?.status === 200 ? "FAILED" : "COMPLETED";
    expect(status).toBe(expected);
  }
  for (const connection of connections) connection[Symbol.dispose]();
});

test("defect 16: a claim finds the task at the end of a queue whose others are gone, delayed, dead or held", async () => {
  await using server = await OneServer.start();
  const create = (fields: object) => server.post("/tasks", { command: "C", payload: 1, priority: 9, ...fields });
  const claim = () => server.post("/tasks/claim", { commands: ["C"] });
  for (let n = 0; n < 5; n += 1) await create({ maxAttempts: 1 });
  for (let n = 0; n < 5; n += 1) {
    const id = textOf(await claim(), "id");
    if (n % 3 === 0) await server.post(`/tasks/${id}/result`, { status: "COMPLETED", result: {} });
    if (n % 3 === 1) await server.post(`/tasks/${id}/nack`, {});
  }
  await create({ delaySeconds: 600 });
  const last = textOf(await create({}), "id");
  await create({ priority: 0 });
  expect(textOf(await claim(), "id")).toBe(last);
});

test("defect 22: FAILED ends a task for good and apart from dead letters; a nack is what asks for another try", async () => {
  await using server = await OneServer.start();
  const claimed = async (): Promise<string> => {
    await server.post("/tasks", { command: "C", payload: 1, maxAttempts: 2 });
    return textOf(await server.post("/tasks/claim", { commands: ["C"] }), "id");
  };
  const id = await claimed();
  await server.post(`/tasks/${id}/result`, { status: "FAILED", error: "no", result: { why: 1 } });
  expect((await server.post("/tasks/claim", { commands: ["C"] })).status).toBe(204);
  expect(membersOf(await server.get(`/tasks/${id}`))).toMatchObject({ status: "FAILED", lastKnownLocation: "NONE" });
  expect((await server.get(`/tasks/${id}/result`)).status).toBe(200);
  expect(membersOf(await server.get("/admin/queues/C"))).toMatchObject({ ready: 0, delayed: 0, inProgress: 0, dlq: 0 });
  const retried = await claimed();
  await server.post(`/tasks/${retried}/nack`, { delaySeconds: 0 });
  expect(textOf(await server.post("/tasks/claim", { commands: ["C"] }), "id")).toBe(retried);
});

test("defect 23: a task that dies of an ended lease is told of like one that dies of a nack", async () => {
  await using server = await OneServer.start();
  const claimed = async (command: string): Promise<string> => {
    await server.post("/tasks", { command, payload: 1, maxAttempts: 1 });
    return textOf(await server.post("/tasks/claim", { commands: [command], leaseSeconds: 1 }), "id");
  };
  /** All that is said of it, but for its name, its times and why it died. */
  const told = async (command: string, id: string) => {
    const { error, ...task } = membersOf(await server.get(`/tasks/${id}`));
    expect([id, String(error)]).toEqual([id, expect.stringMatching(/./)]);
    const metrics = (await (await fetch(`${server.url}/metrics`)).text()).split("\n");
    return {
      task: { ...task, id: "", command: "", createdAt: "", updatedAt: "" },
      result: (await server.get(`/tasks/${id}/result`)).status,
      queue: { ...membersOf(await server.get(`/admin/queues/${command}`)), command: "" },
      metrics: metrics
        .filter((line) => /^codeq_(dlq_depth|task_completed_total)/.test(line) && line.includes(`"${command}"`))
        .map((line) => line.replace(command, "")),
    };
  };
  const [nacked, expired] = [await claimed("NACKED"), await claimed("EXPIRED")];
  await server.post(`/tasks/${nacked}/nack`, { reason: "no" });
  while (membersOf(await server.get("/admin/queues/EXPIRED"))["dlq"] === 0);
  const death = await told("NACKED", nacked);
  expect(death).toMatchObject({
    task: { status: "FAILED", lastKnownLocation: "DLQ_SET" },
    result: 404,
    queue: { dlq: 1 },
  });
  expect(death.metrics).toHaveLength(2);
  expect(await told("EXPIRED", expired)).toEqual(death);
});

test("defect 56: a result with artifacts is refused alone and in a batch, and its task stays with its worker", async () => {
  await using server = await OneServer.start();
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    await server.post("/tasks", { command: "C", payload: n });
    ids.push(textOf(await server.post("/tasks/claim", { commands: ["C"] }), "id"));
  }
  const done = { status: "COMPLETED", result: {} };
  const artifacts = [{ name: "a.txt", contentBase64: "YQ==" }];
  const [alone, inBatch, without] = ids;
  const refused = await server.post(`/tasks/${alone}/result`, { ...done, artifacts });
  expect(refused.status).toBe(400);
  const batch = await server.post("/tasks/batch/results", {
    results: [
      { taskId: inBatch, ...done, artifacts },
      { taskId: without, ...done, artifacts: [] },
    ],
  });
  expect(membersOf(batch)["results"]).toMatchObject([
    { taskId: inBatch, error: "artifacts are not supported", code: "INVALID_ARGUMENT" },
    { taskId: without, result: { status: "COMPLETED" } },
  ]);
  for (const id of [alone, inBatch]) expect(textOf(await server.get(`/tasks/${id}`), "status")).toBe("IN_PROGRESS");
});

test("defect 40: ten thousand commands nobody uses cost neither memory nor metrics without end", async () => {
  await using server = await OneServer.start({ flags: ["--claim-commands-max", "10000"] });
  const commands = Array.from({ length: 10_000 }, (_, n) => `invented-${n}`);
  expect((await server.post("/tasks/claim", { commands })).status).toBe(204);
  const page = await (await fetch(`${server.url}/metrics`)).text();
  expect(page).not.toContain("invented-");
});

test("defect 38: a waiting claim gets the task from the create itself", async () => {
  await using server = await OneServer.start();
  using waiting = await HttpConnection.open(server.port);
  const answer = waiting.request("POST", "/v1/codeq/tasks/claim", "dev-token", { commands: ["C"], waitSeconds: 30 });
  const id = textOf(await server.post("/tasks", { command: "C", payload: 1 }), "id");
  expect(textOf(await answer, "id")).toBe(id);
});
