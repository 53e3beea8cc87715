import { describe, expect, test } from "bun:test";
import { Producer, type ProducerOptions } from "codeq/client";
import type { CreateTask } from "../proto/generated/producer.ts";
import { HandTiming } from "../src/client/timing-fixture.ts";
import { type ProducerAnswer, type ProducerSaid, ScriptedServer } from "./scripted-server.ts";
import { Arrivals, refusalOf, TOKEN } from "./sdk-server.ts";

/** What to say to a create: an error code, nothing for ok, or not to answer. */
type Reply = (typeof REFUSED_FOR_NOW)[number] | "INVALID_ARGUMENT" | "silence" | "drop" | undefined;
const REFUSED_FOR_NOW = ["UNAVAILABLE", "RATE_LIMITED", "COMMIT_UNKNOWN"] as const;

interface Bench extends AsyncDisposable {
  readonly producer: Producer;
  readonly timing: HandTiming;
  /** What each message to the server held. */
  readonly messages: Arrivals<readonly CreateTask[]>;
}

/** A producer whose time stands still, and a server that replies to each create as told. */
async function bench(
  reply: (task: CreateTask, stream: number) => Reply,
  options: Partial<ProducerOptions> = {},
): Promise<Bench> {
  const messages = new Arrivals<readonly CreateTask[]>();
  const server = await ScriptedServer.forProducers((said, stream) => {
    const tasks = tasksOf(said);
    messages.add(tasks);
    const replies = tasks.map((task) => ({ task, code: reply(task, stream.number) }));
    for (const { task, code } of replies) if (code !== "silence" && code !== "drop") stream.say(ackOf(task, code));
    if (replies.some(({ code }) => code === "drop")) stream.drop();
  });
  const timing = new HandTiming();
  // Time is moved in great steps: only what is tested shall run out.
  const patient = { helloMsMax: Number.POSITIVE_INFINITY, unreachableMsMax: Number.POSITIVE_INFINITY };
  const producer = new Producer({ address: server.address, token: TOKEN, timing, ...patient, ...options });
  await producer.connect();
  return {
    producer,
    timing,
    messages,
    [Symbol.asyncDispose]: async () => {
      const closing = producer.close(0);
      timing.advance(0);
      await closing;
      await server[Symbol.asyncDispose]();
    },
  };
}

function tasksOf(said: ProducerSaid): readonly CreateTask[] {
  if (said.$case === "create") return [said.value];
  return said.$case === "createBatch" ? said.value.tasks : [];
}

function ackOf({ seq, command }: CreateTask, errorCode = ""): ProducerAnswer {
  const ok = errorCode === "";
  const errorMessage = errorCode.toLowerCase();
  return {
    $case: "createAck",
    value: { seq, ok, taskId: ok ? command : "", errorMessage, replayed: false, errorCode },
  };
}

/** More than the pause before anything is repeated. */
const LONG_MS = 1000;

describe("a producer's buffer", () => {
  test("is full of tasks the server refused for now just as of others", async () => {
    const refused = new Set(["A", "B"]);
    await using at = await bench(
      ({ command }) => {
        if (refused.has(command)) return "UNAVAILABLE";
        return command === "D" ? "silence" : undefined;
      },
      { pendingMax: 3 },
    );
    const { producer, timing } = at;
    const creates = ["A", "B", "C"].map((command) => producer.create({ command, payload: 1 }));
    // Once this is answered, so are those before.
    await creates[2];
    expect(producer.pending).toBe(2);
    void refusalOf(producer.create({ command: "D", payload: 1 }));
    expect(await refusalOf(producer.create({ command: "E", payload: 1 }))).toMatchObject({
      code: "BUFFER_FULL",
      message: expect.stringMatching(/^3 tasks of \d+ bytes wait/),
    });
    const room = producer.room();
    refused.clear();
    timing.advance(LONG_MS);
    await room;
    await Promise.all(creates);
  });

  test("is full of so many bytes, those of refused tasks included", async () => {
    const payload = "x".repeat(600);
    await using at = await bench(
      ({ command }) => {
        if (command === "A") return "UNAVAILABLE";
        return command === "B" ? undefined : "silence";
      },
      { pendingBytesMax: 1024 },
    );
    const { producer } = at;
    void refusalOf(producer.create({ command: "A", payload }));
    await producer.create({ command: "B", payload });
    void refusalOf(producer.create({ command: "C", payload }));
    expect(await refusalOf(producer.create({ command: "D", payload: 1 }))).toMatchObject({ code: "BUFFER_FULL" });
  });
});

describe("a producer that is refused", () => {
  for (const code of REFUSED_FOR_NOW) {
    test(`for now (${code}), repeats the task under its key after a pause`, async () => {
      await using at = await bench(() => (at.messages.size === 1 ? code : undefined));
      const creating = at.producer.create({ command: "A", payload: 1 });
      await at.messages.atLeast(1);
      await advanceUntil(at.timing, () => at.messages.size === 2);
      expect(await creating).toEqual({ id: "A", replayed: false });
      const [[first], [second]] = (await at.messages.atLeast(2)) as readonly [
        readonly CreateTask[],
        readonly CreateTask[],
      ];
      expect(first?.idempotencyKey).toStartWith("auto-");
      expect(second?.idempotencyKey).toBe(first?.idempotencyKey ?? "");
    });
  }

  test("does not repeat a task without a key that may be stored: there would be two", async () => {
    await using at = await bench(() => "COMMIT_UNKNOWN", { automaticKeys: false });
    expect(await refusalOf(at.producer.create({ command: "A", payload: 1 }))).toMatchObject({ code: "COMMIT_UNKNOWN" });
    expect(at.messages.size).toBe(1);
    expect(at.producer.pending).toBe(0);
  });

  test("repeats a task without a key that was certainly not stored", async () => {
    await using at = await bench(() => (at.messages.size === 1 ? "UNAVAILABLE" : undefined), { automaticKeys: false });
    const creating = at.producer.create({ command: "A", payload: 1 });
    await advanceUntil(at.timing, () => at.messages.size === 2);
    expect(await creating).toMatchObject({ id: "A" });
  });

  test("gives up after so many sendings, with the server's own words", async () => {
    await using at = await bench(() => "UNAVAILABLE", { sendsMax: 3 });
    const creating = refusalOf(at.producer.create({ command: "A", payload: 1 }));
    await advanceUntil(at.timing, () => at.messages.size === 3);
    expect(await creating).toMatchObject({ code: "UNAVAILABLE", message: "unavailable" });
  });

  test("does not say that a task was refused whose earlier answer was lost", async () => {
    await using at = await bench((_, stream) => (stream === 1 ? "drop" : "UNAVAILABLE"), { sendsMax: 2 });
    const creating = refusalOf(at.producer.create({ command: "A", payload: 1 }));
    await advanceUntil(at.timing, () => at.messages.size === 2);
    expect(await creating).toMatchObject({ code: "OUTCOME_UNKNOWN", cause: { code: "UNAVAILABLE" } });
  });

  test("for good, says so at once", async () => {
    await using at = await bench(() => "INVALID_ARGUMENT");
    const creating = at.producer.create({ command: "A", payload: 1 });
    expect(await refusalOf(creating)).toMatchObject({ code: "INVALID_ARGUMENT", message: "invalid_argument" });
  });

  test("and is closed before the pause is over, says that nothing was stored", async () => {
    await using at = await bench(({ command }) => (command === "A" ? "UNAVAILABLE" : undefined));
    const creating = refusalOf(at.producer.create({ command: "A", payload: 1 }));
    await at.producer.create({ command: "B", payload: 1 });
    const closing = at.producer.close(0);
    at.timing.advance(0);
    await closing;
    expect(await creating).toMatchObject({ code: "CLOSED" });
  });
});

describe("a producer that may linger", () => {
  test("lets tasks of several turns share a message, for so long", async () => {
    await using at = await bench(() => undefined, { lingerMs: 50 });
    const first = at.producer.create({ command: "A", payload: 1 });
    await nextTurn();
    const second = at.producer.create({ command: "B", payload: 1 });
    await nextTurn();
    at.timing.advance(50);
    await Promise.all([first, second]);
    expect((await at.messages.atLeast(1)).map((tasks) => tasks.map(({ command }) => command))).toEqual([["A", "B"]]);
  });

  test("does not when there is enough for a message", async () => {
    await using at = await bench(() => undefined, { lingerMs: 50, batchMax: 2 });
    await Promise.all(["A", "B"].map((command) => at.producer.create({ command, payload: 1 })));
    expect(at.messages.size).toBe(1);
  });
});

/** Moves time until it has done what it should; what comes of it takes turns of the event loop. */
async function advanceUntil(timing: HandTiming, done: () => boolean): Promise<void> {
  while (!done()) {
    timing.advance(LONG_MS);
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
