import { describe, expect, test } from "bun:test";
import { abandon, fail, nack, type ReceivedTask, type SettledTask } from "codeq/client";
import { RawWorker } from "./raw-worker.ts";
import { Arrivals, refusalOf, SdkServer } from "./sdk-server.ts";

describe("a task's life", () => {
  test("over streams alone: created, delivered, completed, each acknowledged", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled = new Arrivals<SettledTask>();
    const seen: ReceivedTask[] = [];
    await using worker = server.worker({
      commands: ["RENDER"],
      handler: (task) => {
        seen.push(task);
        return { pages: 3 };
      },
      onSettled: settled.add,
    });
    void worker.run();
    const { id, replayed } = await producer.create({
      command: "RENDER",
      payload: { b: 1, a: [true, null] },
      priority: 7,
    });
    expect(replayed).toBe(false);
    expect(await settled.atLeast(1)).toMatchObject([
      { taskId: id, verdict: "completed", outcome: "accepted", attempts: 1, error: undefined },
    ]);
    const [task] = seen;
    expect(task?.payload).toEqual({ b: 1, a: [true, null] });
    expect(task?.payloadText).toBe('{"b":1,"a":[true,null]}');
    expect([task?.command, task?.priority, task?.attempts, task?.maxAttempts, task?.tenantId]).toEqual([
      "RENDER",
      7,
      1,
      5,
      "dev-tenant",
    ]);
    expect((await server.client().getResult(id))?.result).toMatchObject({ status: "COMPLETED", result: { pages: 3 } });
  });

  test("over REST alone", async () => {
    await using server = await SdkServer.start();
    const client = server.client();
    const { task, replayed } = await client.create({ command: "RENDER", payload: { n: 1 }, idempotencyKey: "k" });
    expect(replayed).toBe(false);
    expect(await client.create({ command: "RENDER", payload: 2, idempotencyKey: "k" })).toEqual({
      task,
      replayed: true,
    });
    const claimed = await client.claim({ commands: ["render"], leaseSeconds: 30, waitSeconds: 1 });
    expect(claimed).toMatchObject({ id: task.id, status: "IN_PROGRESS", attempts: 1, payload: { n: 1 } });
    await client.heartbeat(task.id, 60);
    expect(await client.nack(task.id, { delaySeconds: 0, reason: "again" })).toEqual({ delaySeconds: 0, dead: false });
    expect((await client.claimMany(5)).map(({ id, attempts }) => [id, attempts])).toEqual([[task.id, 2]]);
    await client.abandon(task.id);
    expect(await client.queue("RENDER")).toEqual({ command: "RENDER", ready: 1, delayed: 0, inProgress: 0, dlq: 0 });
    await client.claim();
    expect(await client.getResult(task.id)).toBeUndefined();
    expect(await client.complete(task.id, { ok: 1 })).toMatchObject({ status: "COMPLETED", result: { ok: 1 } });
    expect((await client.getTask(task.id))?.status).toBe("COMPLETED");
    expect(await client.claim()).toBeUndefined();
    expect(await client.getTask("01a20bb2-90fd-7000-8000-40db38dca8cc")).toBeUndefined();
    expect(await refusalOf(client.complete(task.id))).toMatchObject({ code: "NOT_IN_PROGRESS" });
  });

  test("over REST in batches, and the routes around it", async () => {
    await using server = await SdkServer.start();
    const client = server.client();
    const created = await client.createMany([
      { command: "A", payload: 1 },
      { command: "A", payload: 2, delaySeconds: 60 },
      { command: "A", payload: 3, webhook: "no url" },
    ]);
    expect(created.map((outcome) => (outcome.ok ? outcome.task.delayed : outcome.error.code))).toEqual([
      false,
      true,
      "INVALID_ARGUMENT",
    ]);
    const [task] = await client.claimMany(10);
    const answers = await client.submitMany([
      { taskId: task?.id ?? "", status: "FAILED", error: "no luck" },
      { taskId: "none", status: "COMPLETED" },
    ]);
    expect(answers).toMatchObject([
      { ok: true, result: { status: "FAILED", error: "no luck" } },
      { ok: false, error: { code: "NOT_FOUND" } },
    ]);
    expect(await client.queues()).toEqual({ "codeq:q:a:dev-tenant:delayed": 1 });
    expect(await client.cleanup({ limit: 10 })).toBe(0);
    expect(await client.health()).toMatchObject({ status: "ok", durability: "off" });
    expect(await client.ready()).toBe(true);
    expect((await client.version()).name).toBe("codeq");
    expect(await client.metrics()).toContain("codeq_queue_depth");
    expect(await client.openApi()).toHaveProperty("openapi");
  });

  test("mixed: created by REST, worked on by stream, awaited by REST", async () => {
    await using server = await SdkServer.start();
    const client = server.client();
    await using worker = server.worker({ handler: ({ payload }) => ({ got: payload }) });
    void worker.run();
    const { task } = await client.create({ command: "MIXED", payload: ["x"] });
    expect((await client.getResult(task.id, 30))?.result.result).toEqual({ got: ["x"] });
  });

  test("mixed: created by stream, worked on by REST", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const client = server.client();
    const claiming = client.claim({ waitSeconds: 30 });
    const { id } = await producer.create({ command: "MIXED", payload: 1 });
    expect((await claiming)?.id).toBe(id);
    expect(await client.fail(id, "no", { why: 1 })).toMatchObject({
      status: "FAILED",
      error: "no",
      result: { why: 1 },
    });
  });
});

describe("a handler", () => {
  test("ends its task as it says, and what it throws nacks", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled = new Arrivals<SettledTask>();
    const failures: unknown[] = [];
    await using worker = server.worker({
      onSettled: settled.add,
      onHandlerError: (error) => failures.push(error),
      handler: ({ command, attempts }) => {
        if (attempts > 1) return undefined;
        if (command === "FAIL") return fail("broken", { at: 3 });
        if (command === "NACK") return nack({ delaySeconds: 0, reason: "later" });
        if (command === "ABANDON") return abandon();
        if (command === "NOT_AN_OBJECT") return [1] as object;
        throw new Error("handler fell over");
      },
    });
    const verdictOf = async (command: string, maxAttempts: number): Promise<SettledTask | undefined> => {
      const before = settled.size;
      await producer.create({ command, payload: 0, maxAttempts });
      return (await settled.atLeast(before + 1))[before];
    };
    void worker.run();
    expect(await verdictOf("FAIL", 2)).toMatchObject({ verdict: "failed", outcome: "accepted" });
    expect(await verdictOf("NACK", 2)).toMatchObject({ verdict: "nacked", outcome: "accepted", delaySeconds: 0 });
    expect((await settled.atLeast(3))[2]).toMatchObject({ verdict: "completed", attempts: 2 });
    expect(await verdictOf("ABANDON", 2)).toMatchObject({ verdict: "abandoned", outcome: "accepted" });
    await settled.atLeast(5);
    // The last delivery is nacked: a dead letter has no delay.
    expect(await verdictOf("THROW", 1)).toMatchObject({ verdict: "nacked", delaySeconds: undefined });
    expect(await verdictOf("NOT_AN_OBJECT", 1)).toMatchObject({ verdict: "nacked", delaySeconds: undefined });
    expect(failures).toMatchObject([{ message: "handler fell over" }, { code: "INVALID_PAYLOAD" }]);
    const stats = await server.client().queue("THROW");
    expect(stats.dlq).toBe(1);
  });

  test("keeps its task for as long as it runs, by heartbeats", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled = new Arrivals<SettledTask>();
    const release = Promise.withResolvers<void>();
    const started = Promise.withResolvers<string>();
    await using worker = server.worker({
      leaseSeconds: 1,
      onSettled: settled.add,
      handler: async ({ id }) => {
        started.resolve(id);
        await release.promise;
      },
    });
    void worker.run();
    await producer.create({ command: "LONG", payload: 0 });
    const id = await started.promise;
    const client = server.client();
    const firstEnd = (await client.getTask(id))?.leaseUntil?.getTime() ?? 0;
    // Well beyond the first lease.
    for (;;) {
      const task = await client.getTask(id);
      expect(task?.attempts).toBe(1);
      if ((task?.leaseUntil?.getTime() ?? 0) >= firstEnd + 2000) break;
    }
    release.resolve();
    expect(await settled.atLeast(1)).toMatchObject([{ outcome: "accepted", attempts: 1 }]);
  });

  test("is told by its signal when the lease is lost, and what it returns then counts for nothing", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled = new Arrivals<SettledTask>();
    const started = Promise.withResolvers<ReceivedTask>();
    await using worker = server.worker({
      leaseSeconds: 1,
      workerId: "holder",
      onSettled: settled.add,
      handler: async (task) => {
        started.resolve(task);
        await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
        return { late: true };
      },
    });
    void worker.run();
    const { id } = await producer.create({ command: "LOST", payload: 0, maxAttempts: 1 });
    const { signal } = await started.promise;
    // The task is ended behind the handler's back, under the name of the same worker.
    using thief = await RawWorker.open(server.process.workerPort, "holder");
    expect(await thief.complete(id, '{"stolen":true}')).toMatchObject({ ok: true });
    expect(await settled.atLeast(1)).toMatchObject([{ taskId: id, outcome: "refused", error: { code: "LEASE_LOST" } }]);
    expect(signal.reason).toMatchObject({ code: "LEASE_LOST" });
    expect((await server.client().getResult(id))?.result.result).toEqual({ stolen: true });
  });
});
