import { describe, expect, test } from "bun:test";
import { nack, type SettledTask } from "codeq/client";
import { HeldTiming } from "./held-timing.ts";
import { LossyProxy } from "./lossy-proxy.ts";
import { Arrivals, refusalOf, SdkServer } from "./sdk-server.ts";

const BACKOFF = { baseMs: 1, maxMs: 20 };

/** Waits until the server has as many tasks of a kind as expected. */
async function until(server: SdkServer, command: string, place: "ready" | "inProgress", count: number): Promise<void> {
  const client = server.client();
  while ((await client.queue(command))[place] !== count);
}

describe("a producer whose connection breaks", () => {
  test("repeats a create whose answer was lost, and there is one task", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.producerPort);
    await using producer = server.producer({ address: proxy.address, backoff: BACKOFF });
    await producer.connect();
    proxy.loseAnswers();
    const creating = producer.create({ command: "ONCE", payload: 1 });
    await until(server, "ONCE", "ready", 1);
    proxy.cut();
    const { id, replayed } = await creating;
    // The key was the producer's own: nothing was there before for its user.
    expect(replayed).toBe(false);
    expect((await server.client().queue("ONCE")).ready).toBe(1);
    expect((await server.client().getTask(id))?.status).toBe("PENDING");
  });

  test("keeps the order of what it repeats", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.producerPort);
    await using producer = server.producer({ address: proxy.address, backoff: BACKOFF, batchMax: 2 });
    const creating = producer.createMany(Array.from({ length: 50 }, (_, n) => ({ command: "ORDER", payload: n })));
    for (let cut = 0; cut < 5; cut += 1) {
      await producer.connect();
      proxy.cut();
    }
    expect((await creating).every(({ ok }) => ok)).toBe(true);
    const claimed = await Promise.all([1, 2, 3, 4, 5].map(() => server.client().claimMany(10)));
    const numbers = claimed.flat().map(({ payload }) => Number(payload));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  test("does not repeat what has no key: nobody knows what became of it", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.producerPort);
    await using producer = server.producer({ address: proxy.address, backoff: BACKOFF, automaticKeys: false });
    await producer.connect();
    proxy.loseAnswers();
    const keyed = producer.create({ command: "KEYED", payload: 1, idempotencyKey: "k" });
    const bare = producer.create({ command: "BARE", payload: 1 });
    await until(server, "BARE", "ready", 1);
    proxy.cut();
    expect(await refusalOf(bare)).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    // It was there when it was asked for the second time; whether by the first asking, nobody can tell.
    expect(await keyed).toMatchObject({ replayed: true });
    expect((await server.client().queue("BARE")).ready).toBe(1);
    expect((await server.client().queue("KEYED")).ready).toBe(1);
  });

  test("defect 65: a create after the stream has broken is answered, as is each one before", async () => {
    await using server = await SdkServer.start();
    await using producer = server.producer({ backoff: BACKOFF });
    await producer.connect();
    const before = producer.createMany(Array.from({ length: 100 }, (_, n) => ({ command: "A", payload: n })));
    await server.process.end("SIGKILL");
    const after = producer.create({ command: "A", payload: "after" });
    await server.restart();
    const late = producer.create({ command: "A", payload: "late" });
    expect((await before).every(({ ok }) => ok)).toBe(true);
    expect((await after).replayed).toBe(false);
    expect((await late).replayed).toBe(false);
    expect(producer.pending).toBe(0);
    expect((await server.client().queue("A")).ready).toBe(102);
  });

  test("gives up when it was without a server for too long, and tries again for the next create", async () => {
    await using server = await SdkServer.start();
    const unreachableMsMax = 54_321;
    const timing = new HeldTiming(unreachableMsMax);
    await using producer = server.producer({ backoff: BACKOFF, unreachableMsMax, timing });
    await producer.connect();
    await server.process.end("SIGKILL");
    const first = refusalOf(producer.create({ command: "A", payload: 1 }));
    await timing.goOff();
    // It may have been sent before the end of the stream was noticed.
    expect(await first).toMatchObject({ code: expect.stringMatching(/^(UNREACHABLE|OUTCOME_UNKNOWN)$/) });
    const second = refusalOf(producer.create({ command: "A", payload: 2 }));
    await timing.goOff();
    expect(await second).toMatchObject({ code: "UNREACHABLE" });
    await server.restart();
    expect(await producer.create({ command: "A", payload: 3 })).toMatchObject({ replayed: false });
  });
});

describe("a worker whose connection breaks", () => {
  test("hands in a result again whose acknowledgement was lost, and finds out that it had been stored", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.workerPort);
    const settled = new Arrivals<SettledTask>();
    await using worker = server.worker({
      address: proxy.address,
      backoff: BACKOFF,
      client: server.client(),
      onSettled: settled.add,
      handler: () => {
        proxy.loseAnswers();
        return { n: 1 };
      },
    });
    void worker.run();
    const { task } = await server.client().create({ command: "LOST_ACK", payload: 1 });
    expect((await server.client().getResult(task.id, 30))?.result.result).toEqual({ n: 1 });
    proxy.cut();
    expect(await settled.atLeast(1)).toMatchObject([{ taskId: task.id, verdict: "completed", outcome: "accepted" }]);
  });

  test("does not assume that a result was stored when it cannot find out", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.workerPort);
    const settled = new Arrivals<SettledTask>();
    await using worker = server.worker({
      address: proxy.address,
      backoff: BACKOFF,
      onSettled: settled.add,
      handler: () => {
        proxy.loseAnswers();
        return { n: 1 };
      },
    });
    void worker.run();
    const { task } = await server.client().create({ command: "LOST_ACK", payload: 1 });
    expect(await server.client().getResult(task.id, 30)).toBeDefined();
    proxy.cut();
    expect(await settled.atLeast(1)).toMatchObject([{ taskId: task.id, outcome: "unknown" }]);
  });

  test("keeps its tasks over the break, and hands them in over the next stream", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.workerPort);
    const settled = new Arrivals<SettledTask>();
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    await using worker = server.worker({
      address: proxy.address,
      backoff: BACKOFF,
      onSettled: settled.add,
      handler: async () => {
        started.resolve();
        await release.promise;
      },
    });
    void worker.run();
    await server.client().create({ command: "KEPT", payload: 1 });
    await started.promise;
    proxy.cut();
    await server.process.end("SIGKILL");
    release.resolve();
    await server.restart();
    expect(await settled.atLeast(1)).toMatchObject([{ verdict: "completed", outcome: "accepted", attempts: 1 }]);
  });

  test("repeats a nack whose acknowledgement was lost, which frees a delivery that got lost with it", async () => {
    await using server = await SdkServer.start();
    await using proxy = await LossyProxy.open(server.process.workerPort);
    const settled = new Arrivals<SettledTask>();
    await using worker = server.worker({
      address: proxy.address,
      backoff: BACKOFF,
      onSettled: settled.add,
      handler: ({ attempts }) => {
        if (attempts > 2) return { attempts };
        proxy.loseAnswers();
        return nack({ delaySeconds: 0 });
      },
    });
    void worker.run();
    const { task } = await server.client().create({ command: "NACKED", payload: 1 });
    // Nacked and delivered again, to nobody.
    while ((await server.client().getTask(task.id))?.attempts !== 2);
    proxy.cut();
    expect(await settled.atLeast(2)).toMatchObject([
      { verdict: "nacked", outcome: "accepted", attempts: 1 },
      { verdict: "completed", outcome: "accepted", attempts: 3 },
    ]);
  });
});
