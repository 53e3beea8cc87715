import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { type CreateOutcome, Producer, type ReceivedTask, type SettledTask, Worker } from "codeq/client";
import { Arrivals, refusalOf, SdkServer, TOKEN } from "./sdk-server.ts";

const BACKOFF = { baseMs: 1, maxMs: 20 };

function tasks(count: number, command = "A") {
  return Array.from({ length: count }, (_, n) => ({ command, payload: n }));
}

describe("a producer", () => {
  test("takes only so much that is not acknowledged, says when there is room, and loses nothing", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer({ pendingMax: 10, batchMax: 3 });
    await producer.connect();
    server.process.process.kill("SIGSTOP");
    const taken = tasks(10).map((task) => producer.create(task));
    expect(await refusalOf(producer.create({ command: "A", payload: "eleventh" }))).toMatchObject({
      code: "BUFFER_FULL",
      message: expect.stringMatching(/^10 tasks of \d+ bytes wait .*limits 10 and/),
    });
    const room = producer.room();
    server.process.process.kill("SIGCONT");
    await room;
    await producer.create({ command: "A", payload: "eleventh" });
    expect(new Set((await Promise.all(taken)).map(({ id }) => id)).size).toBe(10);
    expect((await server.client().queue("A")).ready).toBe(11);
  });

  test("creates more tasks than its buffer holds", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer({ pendingMax: 7 });
    const outcomes = await producer.createMany(tasks(1000));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1000);
    expect((await server.client().queue("A")).ready).toBe(1000);
  });

  test("takes from a source only what there is room for, and answers in order", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer({ pendingMax: 5 });
    let taken = 0;
    let answered = 0;
    let ahead = 0;
    const source = function* (): Generator<{ command: string; payload: number; priority: number }> {
      for (const task of tasks(200)) {
        taken += 1;
        ahead = Math.max(ahead, taken - answered);
        // Every tenth is refused.
        yield { ...task, priority: task.payload % 10 === 9 ? 99 : 0 };
      }
    };
    const outcomes: CreateOutcome[] = [];
    for await (const outcome of producer.createFrom(source())) {
      answered += 1;
      outcomes.push(outcome);
    }
    expect(outcomes.map(({ ok }) => ok)).toEqual(tasks(200).map(({ payload }) => payload % 10 !== 9));
    // One more than the buffer holds is in our hands already.
    expect(ahead).toBeLessThanOrEqual(6);
    expect((await server.client().queue("A")).ready).toBe(180);
  });

  test("tells outcomes while the source takes its time, and leaves it when nobody wants more", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    let left = false;
    const source = async function* (): AsyncGenerator<{ command: string; payload: number }> {
      try {
        yield { command: "A", payload: 1 };
        // Says no more before its first outcome is known.
        await first.promise;
        yield* tasks(1000);
      } finally {
        left = true;
      }
    };
    const first = Promise.withResolvers<void>();
    let seen = 0;
    for await (const outcome of producer.createFrom(source())) {
      expect(outcome.ok).toBe(true);
      first.resolve();
      seen += 1;
      if (seen === 3) break;
    }
    expect(left).toBe(true);
  });

  test("refuses a task too large for a message, and gives up on one the server's own limit makes impossible", async () => {
    await using server = await SdkServer.start("--message-max", "64KiB");
    await using producer = server.producer({ batchBytesMax: 1024 * 1024, sendsMax: 6, backoff: BACKOFF });
    expect(await refusalOf(producer.create({ command: "A", payload: "x".repeat(1_100_000) }))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
    const payloads = ["before", "x".repeat(100_000), "after"];
    const outcomes = await producer.createMany(payloads.map((payload) => ({ command: "A", payload })));
    // The others that shared its messages are stored all the same.
    expect(outcomes.map((outcome) => outcome.ok || outcome.error.code)).toEqual([true, "OUTCOME_UNKNOWN", true]);
    expect((await server.client().queue("A")).ready).toBe(2);
  });

  test("waits for every acknowledgement when it is closed, and takes nothing more", async () => {
    await using server = await SdkServer.start();
    const producer = server.producer({ lingerMs: 20 });
    const creating = producer.createMany(tasks(3000));
    // createMany has begun with all that there is room for.
    const closing = producer.close();
    expect(await refusalOf(producer.create({ command: "A", payload: 1 }))).toMatchObject({ code: "CLOSED" });
    await closing;
    expect((await creating).every(({ ok }) => ok)).toBe(true);
    expect(producer.pending).toBe(0);
    await producer.close();
    expect(await refusalOf(producer.connect())).toMatchObject({ code: "CLOSED" });
  });

  test("closed without a server, gives up after its grace", async () => {
    const producer = new Producer({ address: "127.0.0.1:1", token: TOKEN, backoff: BACKOFF });
    const creating = refusalOf(producer.create({ command: "A", payload: 1 }));
    await producer.close(30);
    expect(await creating).toMatchObject({ code: "CLOSED" });
    await new Producer({ token: TOKEN }).close();
  });

  test("is told when its token is no good, and asks for a new one for each connection", async () => {
    await using server = await SdkServer.start();
    let asked = 0;
    const token = (): string => {
      asked += 1;
      return asked === 1 ? "wrong" : TOKEN;
    };
    await using producer = server.producer({ token });
    expect(await refusalOf(producer.create({ command: "A", payload: 1 }))).toMatchObject({ code: "UNAUTHENTICATED" });
    await producer.create({ command: "A", payload: 2 });
    expect(asked).toBe(2);
  });

  test("leaves a server that does not greet it", async () => {
    const sockets: { destroy(): void }[] = [];
    const mute = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const disconnected = new Arrivals<Error>();
    const producer = new Producer({
      address: `127.0.0.1:${port}`,
      token: TOKEN,
      helloMsMax: 20,
      backoff: BACKOFF,
      onDisconnect: disconnected.add,
    });
    const creating = refusalOf(producer.create({ command: "A", payload: 1 }));
    expect((await disconnected.atLeast(2))[1]).toMatchObject({ message: expect.stringContaining("no greeting from") });
    await producer.close(0);
    expect(await creating).toMatchObject({ code: "CLOSED" });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  test("options out of their bounds are refused by name", () => {
    for (const [options, message] of [
      [{ batchMax: 0 }, "batchMax is 0: it must be a whole number from 1 to 1000000"],
      [{ lingerMs: 0.5 }, "lingerMs is 0.5"],
      [{ pendingMax: -1 }, "pendingMax is -1"],
      [{ unreachableMsMax: 0 }, "unreachableMsMax is 0: it must be at least 1 ms"],
      [{ backoff: { baseMs: 0 } }, "backoff.baseMs is 0"],
    ] as const) {
      expect(() => new Producer({ token: TOKEN, ...options })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }),
      );
    }
    const handler = (): undefined => undefined;
    for (const [options, message] of [
      [{ concurrency: 0 }, "concurrency is 0"],
      [{ leaseSeconds: 1.5 }, "leaseSeconds is 1.5"],
      [{ commands: [] }, "commands is empty"],
      [{ workerId: " " }, "workerId has 1 bytes"],
      [{ claimMax: 1e9 }, "claimMax is 1000000000"],
    ] as const) {
      expect(() => new Worker({ token: TOKEN, handler, ...options })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }),
      );
    }
  });
});

describe("a worker", () => {
  test("waits for its handlers and their acknowledgements when it is closed", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled: SettledTask[] = [];
    const started = new Arrivals<ReceivedTask>();
    const release = Promise.withResolvers<void>();
    const worker = server.worker({
      concurrency: 2,
      onSettled: (end) => settled.push(end),
      handler: async (task) => {
        started.add(task);
        await release.promise;
      },
    });
    const working = worker.run();
    await producer.createMany(tasks(5));
    await started.atLeast(2);
    const closing = worker.close();
    release.resolve();
    await Promise.all([closing, working]);
    expect(settled.map(({ verdict, outcome }) => `${verdict} ${outcome}`)).toEqual([
      "completed accepted",
      "completed accepted",
    ]);
    // Nothing hangs on a lease.
    expect(await server.client().queue("A")).toMatchObject({ ready: 3, inProgress: 0 });
    await worker.close();
  });

  test("defect 18: tasks no handler has seen go back at once when it is closed", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const started = new Arrivals<ReceivedTask>();
    const release = Promise.withResolvers<void>();
    const worker = server.worker({
      concurrency: 1,
      prefetch: 9,
      handler: async (task) => {
        started.add(task);
        await release.promise;
      },
    });
    void worker.run();
    await producer.createMany(tasks(20));
    await started.atLeast(1);
    while (worker.running < 10) await server.client().health();
    const closing = worker.close();
    release.resolve();
    await closing;
    expect(await server.client().queue("A")).toMatchObject({ ready: 19, inProgress: 0 });
  });

  test("defect 17: a task that arrives while a worker leaves goes back", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    await producer.connect();
    let completed = 0;
    for (let round = 0; round < 40; round += 1) {
      const worker = server.worker({
        onSettled: ({ verdict }) => {
          if (verdict === "completed") completed += 1;
        },
        handler: () => undefined,
      });
      const working = worker.run();
      await Promise.resolve();
      const creating = producer.createMany(tasks(3));
      if (round % 2 === 0) await creating;
      await worker.close();
      await working;
      await creating;
    }
    expect(await server.client().queue("A")).toMatchObject({ ready: 120 - completed, inProgress: 0 });
  });

  test("does not wait for a handler for ever: its signal aborts and its task goes back", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled: SettledTask[] = [];
    const started = Promise.withResolvers<ReceivedTask>();
    const worker = server.worker({
      onSettled: (end) => settled.push(end),
      handler: async (task) => {
        started.resolve(task);
        await new Promise(() => undefined);
      },
    });
    const working = worker.run();
    await producer.create({ command: "A", payload: 1 });
    const task = await started.promise;
    const { signal } = task;
    await worker.close(20);
    await working;
    expect(signal.reason).toMatchObject({ code: "CLOSED" });
    expect(settled).toMatchObject([{ taskId: task.id, verdict: "abandoned", outcome: "accepted" }]);
    expect(await server.client().queue("A")).toMatchObject({ ready: 1, inProgress: 0 });
  });

  test("does not get the tasks again that it gives back, although it has asked for more", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer();
    const settled: SettledTask[] = [];
    const allRun = Promise.withResolvers<void>();
    let running = 0;
    const worker = server.worker({
      concurrency: 8,
      claimMax: 1,
      onSettled: (end) => settled.push(end),
      handler: async () => {
        running += 1;
        if (running === 3) allRun.resolve();
        await new Promise(() => undefined);
      },
    });
    const working = worker.run();
    const created = await producer.createMany([1, 2, 3].map((payload) => ({ command: "A", payload })));
    await allRun.promise;
    await worker.close(20);
    await working;
    expect(created.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(settled.map(({ attempts, verdict, outcome }) => ({ attempts, verdict, outcome }))).toEqual(
      created.map(() => ({ attempts: 1, verdict: "abandoned", outcome: "accepted" })),
    );
    expect(await server.client().queue("A")).toMatchObject({ ready: 3, inProgress: 0 });
  });

  test("ends when the server will not have it", async () => {
    await using server = await SdkServer.startWith({ env: RESTRICTED });
    const handler = (): undefined => undefined;
    await using stranger = server.worker({ token: "wrong", handler });
    expect(await refusalOf(stranger.run())).toMatchObject({ code: "UNAUTHENTICATED" });
    await using other = server.worker({ token: "worker-token", commands: ["FORBIDDEN"], handler });
    expect(await refusalOf(other.run())).toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("event type not allowed"),
    });
  });

  test("closed before it ever ran, is over", async () => {
    const worker = new Worker({ token: TOKEN, handler: () => undefined });
    await worker.close();
    await worker.run();
  });
});

const WORKER = {
  token: "worker-token",
  subject: "w",
  scopes: ["codeq:claim", "codeq:result"],
  eventTypes: ["ALLOWED"],
  raw: { tid: "acme" },
};
const PRODUCER = { token: "producer-token", subject: "p", raw: { tid: "acme" } };
const RESTRICTED = {
  PRODUCER_AUTH_PROVIDER: "static",
  PRODUCER_AUTH_CONFIG: JSON.stringify(PRODUCER),
  WORKER_AUTH_PROVIDER: "static",
  WORKER_AUTH_CONFIG: JSON.stringify(WORKER),
};
