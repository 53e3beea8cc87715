import { describe, expect, test } from "bun:test";
import { type SettledTask, Worker } from "codeq/client";
import { LossyProxy } from "./lossy-proxy.ts";
import { Arrivals, SdkServer, TOKEN } from "./sdk-server.ts";

const MANY = 512;
const TIME_LIMIT_MS = 60_000;

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** Resolves when so many have come together. */
class Meeting {
  readonly #size: number;
  readonly #complete = Promise.withResolvers<void>();
  #here = 0;

  constructor(size: number) {
    this.#size = size;
  }

  join(): Promise<void> {
    this.#here += 1;
    if (this.#here === this.#size) this.#complete.resolve();
    return this.#complete.promise;
  }
}

describe("many slots", () => {
  test(
    "512 on one connection work at the same time, and every result is acknowledged",
    async () => {
      await using server = await SdkServer.start();
      await using proxy = await LossyProxy.open(server.process.workerPort);
      await using producer = server.producer();
      const meeting = new Meeting(MANY);
      const settled = new Arrivals<SettledTask>();
      await using worker = server.worker({
        address: proxy.address,
        concurrency: MANY,
        claimMax: 1,
        onSettled: settled.add,
        handler: () => meeting.join(),
      });
      void worker.run();
      const outcomes = await producer.createMany(numbers(MANY * 3).map((n) => ({ command: "SLOT", payload: n })));
      const ends = await settled.atLeast(MANY * 3);
      expect(new Set(ends.map(({ outcome }) => outcome))).toEqual(new Set(["accepted"]));
      expect(new Set(ends.map(({ taskId }) => taskId))).toEqual(
        new Set(outcomes.map((outcome) => (outcome.ok ? outcome.id : ""))),
      );
      expect(ends).toHaveLength(MANY * 3);
      expect(proxy.connections).toBe(1);
    },
    TIME_LIMIT_MS,
  );

  test(
    "512 connections with one slot each work at the same time, on one task each",
    async () => {
      await using server = await SdkServer.start();
      await using producer = server.producer();
      const meeting = new Meeting(MANY);
      const settled = new Arrivals<SettledTask>();
      const workers = numbers(MANY).map(
        () =>
          new Worker({
            address: `127.0.0.1:${server.process.workerPort}`,
            token: TOKEN,
            concurrency: 1,
            // That many share two cores with the server.
            helloMsMax: TIME_LIMIT_MS,
            onSettled: settled.add,
            handler: () => meeting.join(),
          }),
      );
      for (const worker of workers) void worker.run();
      await producer.createMany(numbers(MANY).map((n) => ({ command: "SLOT", payload: n })));
      const ends = await settled.atLeast(MANY);
      expect(new Set(ends.map(({ outcome }) => outcome))).toEqual(new Set(["accepted"]));
      expect(new Set(ends.map(({ taskId }) => taskId)).size).toBe(MANY);
      await Promise.all(workers.map((worker) => worker.close()));
    },
    TIME_LIMIT_MS,
  );
});

describe("an idle worker", () => {
  test(
    "gets its next task on the same connection after many rounds of keep-alive",
    async () => {
      await using server = await SdkServer.start("--keep-alive", "20ms", "--keep-alive-timeout", "20s");
      await using proxy = await LossyProxy.open(server.process.workerPort);
      await using producer = server.producer();
      const settled = new Arrivals<SettledTask>();
      await using worker = server.worker({
        address: proxy.address,
        keepAliveMs: 20,
        onSettled: settled.add,
        handler: () => undefined,
      });
      void worker.run();
      // As many probes and answers as in a good half hour with the settings one has.
      await proxy.answers(60);
      await producer.create({ command: "LATE", payload: 0 });
      expect(await settled.atLeast(1)).toMatchObject([{ outcome: "accepted" }]);
      expect(proxy.connections).toBe(1);
    },
    TIME_LIMIT_MS,
  );

  test(
    "leaves a server that does not answer any more, and works on when it is back",
    async () => {
      await using server = await SdkServer.start();
      const settled = new Arrivals<SettledTask>();
      const lost = Promise.withResolvers<Error>();
      await using worker = server.worker({
        keepAliveMs: 20,
        keepAliveTimeoutMs: 50,
        backoff: { baseMs: 1, maxMs: 20 },
        onDisconnect: lost.resolve,
        onSettled: settled.add,
        handler: () => undefined,
      });
      void worker.run();
      await server.client().create({ command: "FIRST", payload: 0 });
      await settled.atLeast(1);
      server.process.process.kill("SIGSTOP");
      expect(await lost.promise).toBeInstanceOf(Error);
      server.process.process.kill("SIGCONT");
      await server.client().create({ command: "SECOND", payload: 0 });
      expect((await settled.atLeast(2))[1]).toMatchObject({ command: "SECOND", outcome: "accepted" });
    },
    TIME_LIMIT_MS,
  );

  test(
    "is told to connect again when its stream is too old, and misses nothing",
    async () => {
      await using server = await SdkServer.start("--stream-age-max", "1s");
      await using proxy = await LossyProxy.open(server.process.workerPort);
      const settled = new Arrivals<SettledTask>();
      await using worker = server.worker({
        address: proxy.address,
        backoff: { baseMs: 1, maxMs: 5 },
        onSettled: settled.add,
        handler: () => undefined,
      });
      void worker.run();
      const client = server.client();
      for (let n = 0; proxy.connections < 3; n += 1) {
        await client.create({ command: "AGED", payload: n });
        await settled.atLeast(n + 1);
      }
      expect(
        (await settled.atLeast(1)).every(({ outcome, attempts }) => outcome === "accepted" && attempts === 1),
      ).toBe(true);
    },
    TIME_LIMIT_MS,
  );
});
