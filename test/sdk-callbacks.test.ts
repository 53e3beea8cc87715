import { describe, expect, test } from "bun:test";
import { Producer, type SettledTask, Worker } from "codeq/client";
import { Arrivals, refusalOf, SdkServer, TOKEN } from "./sdk-server.ts";

const BACKOFF = { baseMs: 1, maxMs: 20 };

/** What this process warns of. */
class Warnings extends Arrivals<Error> implements Disposable {
  constructor() {
    super();
    process.on("warning", this.add);
  }

  [Symbol.dispose](): void {
    process.off("warning", this.add);
  }
}

function broken(): never {
  throw new Error("the callback fell over");
}

describe("a callback that throws", () => {
  test("onSettled: is told as a warning, and the worker goes on with the same stream", async () => {
    using warnings = new Warnings();
    await using server = await SdkServer.start();
    const disconnected: Error[] = [];
    const settled = new Arrivals<SettledTask>();
    await using worker = server.worker({
      concurrency: 1,
      handler: () => undefined,
      onDisconnect: (error) => disconnected.push(error),
      onSettled: (end) => {
        settled.add(end);
        broken();
      },
    });
    void worker.run();
    await server.client().createMany([1, 2, 3].map((payload) => ({ command: "A", payload })));
    expect((await settled.atLeast(3)).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted", "accepted"]);
    expect(await warnings.atLeast(3)).toMatchObject(
      [1, 2, 3].map(() => ({ name: "CodeqWarning", message: "onSettled threw: the callback fell over" })),
    );
    expect(disconnected).toEqual([]);
  });

  test("onSettled: a promise that rejects is a warning, too", async () => {
    using warnings = new Warnings();
    await using server = await SdkServer.start();
    await using worker = server.worker({
      handler: () => undefined,
      // oxlint-disable-next-line typescript/no-misused-promises -- just what users write
      onSettled: async () => broken(),
    });
    void worker.run();
    await server.client().create({ command: "A", payload: 1 });
    expect(await warnings.atLeast(1)).toMatchObject([{ message: "onSettled threw: the callback fell over" }]);
  });

  test("onHandlerError: the task is nacked all the same, and its place is free again", async () => {
    using warnings = new Warnings();
    await using server = await SdkServer.start();
    const settled = new Arrivals<SettledTask>();
    await using worker = server.worker({
      concurrency: 1,
      handler: () => {
        throw new Error("the handler fell over");
      },
      onHandlerError: broken,
      onSettled: settled.add,
    });
    void worker.run();
    await server.client().createMany([1, 2].map((payload) => ({ command: "A", payload, maxAttempts: 1 })));
    expect((await settled.atLeast(2)).map(({ verdict }) => verdict)).toEqual(["nacked", "nacked"]);
    expect((await warnings.atLeast(2))[0]).toMatchObject({ message: "onHandlerError threw: the callback fell over" });
    expect(worker.running).toBe(0);
  });

  test("onDisconnect: the next attempt follows", async () => {
    using warnings = new Warnings();
    const attempts = new Arrivals<Error>();
    const onDisconnect = (error: Error): void => {
      attempts.add(error);
      broken();
    };
    const options = { address: "127.0.0.1:1", token: TOKEN, backoff: BACKOFF, onDisconnect };
    await using worker = new Worker({ ...options, handler: () => undefined });
    void worker.run();
    await attempts.atLeast(3);
    await worker.close();
    const producer = new Producer(options);
    const connecting = refusalOf(producer.connect());
    await attempts.atLeast(attempts.size + 2);
    await producer.close(0);
    expect(await connecting).toMatchObject({ code: "CLOSED" });
    expect((await warnings.atLeast(5))[0]).toMatchObject({ message: "onDisconnect threw: the callback fell over" });
  });
});
