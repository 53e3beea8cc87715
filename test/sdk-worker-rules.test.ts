import { describe, expect, test } from "bun:test";
import { type ReceivedTask, type SettledTask, Worker, type WorkerOptions } from "codeq/client";
import { HandTiming } from "../src/client/timing-fixture.ts";
import { ScriptedServer, type ScriptedStream, type WorkerAnswer, type WorkerSaid } from "./scripted-server.ts";
import { Arrivals, refusalOf, TOKEN } from "./sdk-server.ts";

/** What the worker said, in order, with the number of the stream. */
interface Said {
  readonly stream: number;
  readonly kind: WorkerSaid["$case"];
  /** Of what is about tasks. */
  readonly ids: readonly string[];
}

interface Bench extends AsyncDisposable {
  readonly worker: Worker;
  readonly working: Promise<void>;
  readonly timing: HandTiming;
  readonly said: Arrivals<Said>;
  readonly settled: Arrivals<SettledTask>;
}

/** A worker whose time stands still, and a server that answers what it says as told. */
async function bench(
  answer: (said: WorkerSaid, stream: ScriptedStream<WorkerAnswer>) => void,
  options: Partial<WorkerOptions> & Pick<WorkerOptions, "handler">,
): Promise<Bench> {
  const said = new Arrivals<Said>();
  const settled = new Arrivals<SettledTask>();
  const server = await ScriptedServer.forWorkers((event, stream) => {
    said.add({ stream: stream.number, kind: event.$case, ids: idsOf(event) });
    answer(event, stream);
  });
  const timing = new HandTiming();
  const worker = new Worker({
    address: server.address,
    token: TOKEN,
    timing,
    helloMsMax: Number.POSITIVE_INFINITY,
    // Waiting for a connection shall not cost a lease, nor bring heartbeats.
    leaseSeconds: 86_400,
    onSettled: settled.add,
    ...options,
  });
  const working = worker.run();
  working.catch(() => undefined);
  return {
    worker,
    working,
    timing,
    said,
    settled,
    [Symbol.asyncDispose]: async () => {
      const closing = worker.close(0);
      // The grace, and what is left for saying farewell.
      timing.advance(0);
      timing.advance(10_000);
      await closing;
      await server[Symbol.asyncDispose]();
    },
  };
}

function idsOf(event: WorkerSaid): readonly string[] {
  switch (event.$case) {
    case "hello":
    case "ready":
      return [];
    case "resultBatch":
      return event.value.results.map(({ taskId }) => taskId);
    case "result":
    case "nack":
    case "abandon":
    case "heartbeat":
      return [event.value.taskId];
  }
}

function deliver(stream: ScriptedStream<WorkerAnswer>, ids: readonly string[], payload = "1"): void {
  const tasks = ids.map((id) => ({
    id,
    command: "A",
    payload: Buffer.from(payload),
    priority: 0,
    webhook: "",
    maxAttempts: 5,
    status: "IN_PROGRESS",
    workerId: "w",
    leaseUntil: "",
    attempts: 1,
    tenantId: "t",
    traceParent: "",
    traceState: "",
    createdAt: undefined,
    updatedAt: undefined,
  }));
  stream.say({ $case: "taskBatch", value: { tasks } });
}

function accept(stream: ScriptedStream<WorkerAnswer>, taskId: string): void {
  stream.say({ $case: "resultAck", value: { taskId, ok: true, errorMessage: "", errorCode: "" } });
}

const kinds = (said: readonly Said[]): string[] =>
  said.map(({ stream, kind, ids }) => [stream, kind, ...ids].join(" "));

describe("tasks fetched ahead", () => {
  test("that lose their lease before a handler has seen them are told as refused", async () => {
    const started = new Arrivals<string>();
    const release = Promise.withResolvers<void>();
    await using at = await bench(
      (event, stream) => {
        if (event.$case === "ready" && stream.number === 1 && at.said.size === 1) deliver(stream, ["first", "a", "b"]);
      },
      {
        concurrency: 1,
        prefetch: 2,
        leaseSeconds: 1,
        handler: async ({ id }) => {
          started.add(id);
          await release.promise;
        },
      },
    );
    await started.atLeast(1);
    // No heartbeat is answered.
    for (let tenth = 0; tenth < 12; tenth += 1) at.timing.advance(100);
    const lost = { verdict: "abandoned", outcome: "refused", error: { code: "LEASE_LOST" } };
    expect(await at.settled.atLeast(2)).toMatchObject([
      { taskId: "a", ...lost },
      { taskId: "b", ...lost },
    ]);
    // Their places are free, and new tasks are asked for.
    expect(at.worker.running).toBe(1);
    release.resolve();
    expect((await at.settled.atLeast(3))[2]).toMatchObject({ taskId: "first", outcome: "refused" });
    expect(await started.atLeast(1)).toEqual(["first"]);
  });

  test("and those that run are told of when the server ends it all", async () => {
    const started = Promise.withResolvers<ReceivedTask>();
    const release = Promise.withResolvers<void>();
    await using at = await bench(
      (event, stream) => {
        if (event.$case !== "ready") return;
        if (at.said.size === 1) deliver(stream, ["first", "ahead"]);
        else stream.say({ $case: "error", value: { code: "PermissionDenied", message: "no more" } });
      },
      {
        concurrency: 1,
        prefetch: 3,
        claimMax: 4,
        handler: async (task) => {
          started.resolve(task);
          await release.promise;
        },
      },
    );
    await started.promise;
    expect(await refusalOf(at.working)).toMatchObject({ code: "PERMISSION_DENIED", message: "no more" });
    expect(await at.settled.atLeast(1)).toMatchObject([
      { taskId: "ahead", verdict: "abandoned", outcome: "refused", error: { code: "PERMISSION_DENIED" } },
    ]);
    release.resolve();
    expect((await at.settled.atLeast(2))[1]).toMatchObject({
      taskId: "first",
      verdict: "completed",
      outcome: "refused",
      error: { code: "PERMISSION_DENIED" },
    });
  });
});

describe("a worker asks for work", () => {
  test("only when what it handed in over an earlier stream is answered", async () => {
    const releaseSlow = Promise.withResolvers<void>();
    await using at = await bench(
      (event, stream) => {
        if (event.$case === "ready" && stream.number === 1) deliver(stream, ["quick", "slow"]);
        // The acknowledgement is lost.
        if (event.$case === "result" && stream.number === 1) stream.drop();
        // What a doubtful worker says before it is answered comes in this order.
        if (idsOf(event).includes("slow") && event.$case === "result")
          for (const id of ["quick", "slow"]) accept(stream, id);
      },
      {
        concurrency: 2,
        handler: async ({ id }) => {
          if (id === "slow") await releaseSlow.promise;
        },
      },
    );
    await at.said.atLeast(2);
    await reconnected(at, 4);
    releaseSlow.resolve();
    const said = kinds(await at.said.atLeast(6));
    expect(said).toEqual([
      "1 ready",
      "1 result quick",
      "2 heartbeat slow",
      "2 result quick",
      "2 result slow",
      "2 ready",
    ]);
  });

  test("only while not too many results wait for their acknowledgement", async () => {
    const release = Promise.withResolvers<void>();
    await using at = await bench(
      (event, stream) => {
        if (event.$case === "ready" && at.said.size === 1) deliver(stream, ["quick", "slow"]);
        if (idsOf(event).includes("slow")) for (const id of ["quick", "slow"]) accept(stream, id);
      },
      {
        concurrency: 2,
        unacknowledgedMax: 1,
        handler: async ({ id }) => {
          if (id === "slow") await release.promise;
        },
      },
    );
    await at.said.atLeast(2);
    release.resolve();
    expect(kinds(await at.said.atLeast(4))).toEqual(["1 ready", "1 result quick", "1 result slow", "1 ready"]);
  });

  test("again over a new stream when it was refused for now", async () => {
    await using at = await bench(
      (event, stream) => {
        if (event.$case !== "ready") return;
        if (stream.number === 1) stream.say({ $case: "error", value: { code: "ResourceExhausted", message: "full" } });
        else deliver(stream, ["a"]);
      },
      { handler: () => undefined },
    );
    await reconnected(at, 2);
    expect(kinds(await at.said.atLeast(3)).slice(0, 2)).toEqual(["1 ready", "2 ready"]);
  });

  test("no more when what it asks for makes no sense", async () => {
    await using at = await bench(
      (_, stream) => stream.say({ $case: "error", value: { code: "InvalidArgument", message: "too long a lease" } }),
      { handler: () => undefined },
    );
    expect(await refusalOf(at.working)).toMatchObject({ code: "INVALID_ARGUMENT", message: "too long a lease" });
  });
});

test("a result too large to be sent nacks its task, with that as the reason", async () => {
  const nacks = new Arrivals<string>();
  await using at = await bench(
    (event, stream) => {
      if (event.$case === "ready" && at.said.size === 1) deliver(stream, ["a"]);
      if (event.$case === "nack") nacks.add(event.value.reason);
    },
    { handler: () => ({ text: "x".repeat(1_100_000) }) },
  );
  expect(await nacks.atLeast(1)).toEqual(["the result is too large to be sent"]);
});

test("a message larger than what is taken breaks the stream, and no handler sees it", async () => {
  const handled = new Arrivals<string>();
  const broken = new Arrivals<Error>();
  await using at = await bench(
    (event, stream) => {
      if (event.$case === "ready") deliver(stream, ["a"], JSON.stringify("x".repeat(stream.number === 1 ? 2000 : 10)));
    },
    { receiveBytesMax: 1024, onDisconnect: broken.add, handler: ({ id }) => handled.add(id) },
  );
  expect(await broken.atLeast(1)).toMatchObject([{ code: "RESOURCE_EXHAUSTED" }]);
  expect(handled.size).toBe(0);
  await reconnected(at, 2);
  await handled.atLeast(1);
});

/** Lets time pass until the worker has said so much. */
async function reconnected({ timing, said }: Bench, count: number): Promise<void> {
  while (said.size < count) {
    timing.advance(10);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
