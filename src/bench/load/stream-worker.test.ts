import { describe, expect, test } from "bun:test";
import { type Result, type ResultAck, ServerEvent, type Task, WorkerEvent } from "../../../proto/generated/worker.ts";
import type { WorkerPlan } from "./load-plan.ts";
import { loadPlan, workerPlan } from "./load-plan-fixture.ts";
import { StreamPeer } from "./stream-peer-fixture.ts";
import { StreamWorker } from "./stream-worker.ts";
import { TaskBook } from "./task-book.ts";
import { PAYLOAD_TAG_AT, taskPayload, writeTag } from "./task-payload.ts";
import { RESULT, ROW } from "./task-rows.ts";
import { taskId } from "./task-story-fixture.ts";

type ServerSays = NonNullable<ServerEvent["event"]>;
type ClientSays = NonNullable<WorkerEvent["event"]>;

interface Script {
  /** What Readys are answered with, one after the other; one beyond them waits. */
  readonly readys: readonly (readonly ServerSays[])[];
  /** What results are answered with; they are accepted by default. */
  readonly answer?: (results: readonly Result[]) => readonly ServerSays[];
  readonly workers?: Partial<WorkerPlan>;
  /** How long the server takes to answer results. */
  readonly answerMs?: number;
  readonly finishMs?: number;
}

const PAYLOAD_BYTES = 60;
const OURS = 5;

/** What a worker does at a server that follows a script, once nothing is left of it. */
async function worked({ readys, answer = accepting, workers = {}, answerMs = 0, finishMs = 30_000 }: Script) {
  const [said, failures]: [ClientSays[], string[]] = [[], []];
  const hungry = Promise.withResolvers<void>();
  const next = readys.values();
  let waiting = 0;
  const repliesTo = (event: ClientSays): readonly ServerSays[] => {
    if (event.$case === "hello") return [{ $case: "helloAck", value: { workerId: "w", tenantId: "t" } }];
    if (event.$case === "result") return answer([event.value]);
    if (event.$case === "resultBatch") return answer(event.value.results);
    const replies = next.next().value;
    if (replies !== undefined) return replies;
    waiting += 1;
    if (waiting === (workers.slots ?? 1)) hungry.resolve();
    return [];
  };
  await using peer = await StreamPeer.start((message, line) => {
    const { event } = WorkerEvent.decode(message);
    if (event === undefined) throw new Error("a message that says nothing");
    said.push(event);
    const messages = repliesTo(event).map((reply) => ServerEvent.encode({ event: reply }).finish());
    const send = (): void => messages.forEach((reply) => line.send(reply));
    if (event.$case === "result" && answerMs > 0) setTimeout(send, answerMs);
    else send();
  });
  const endpoints = { ...loadPlan().endpoints, workerUrl: peer.url };
  const plan = loadPlan({ endpoints, payloadBytes: PAYLOAD_BYTES, thread: 2 });
  const book = new TaskBook(plan);
  book.rows.take(OURS);
  const events = { failed: (reason: string) => failures.push(reason) };
  const worker = new StreamWorker({ plan, workers: workerPlan(workers), book, events });
  await worker.connect();
  worker.start();
  await hungry.promise;
  await worker.finish(finishMs);
  worker.close();
  const odd = book.irregulars.kept.map(({ kind, text }) => `${kind}: ${text}`);
  const results = (...tags: readonly number[]): number[] => tags.map((tag) => book.rows.value(tag, ROW.result));
  return { book, said, failures, odd, results };
}

function task(tag: number, change: (payload: Buffer) => Buffer | undefined = () => undefined, attempts = 1): Task {
  const payload = taskPayload(PAYLOAD_BYTES);
  writeTag(payload, PAYLOAD_TAG_AT, tag);
  const names = {
    id: taskId(tag),
    command: "TESTED",
    workerId: "w",
    tenantId: "t",
    traceParent: "",
    traceState: "",
    webhook: "",
  };
  const state = { priority: 0, maxAttempts: 5, status: "IN_PROGRESS", leaseUntil: "", attempts };
  return { ...names, ...state, payload: change(payload) ?? payload };
}

const one = (...made: Parameters<typeof task>): ServerSays[] => [{ $case: "task", value: { task: task(...made) } }];
const batch = (...tags: readonly number[]): ServerSays[] => [
  { $case: "taskBatch", value: { tasks: tags.map((tag) => task(tag)) } },
];
const acked = ({ taskId }: Result): ResultAck => ({ taskId, ok: true, errorMessage: "", errorCode: "" });
const refused = ({ taskId }: Result): ResultAck => ({ taskId, ok: false, errorMessage: "not-owner", errorCode: "" });
const ack = (value: ResultAck): ServerSays => ({ $case: "resultAck", value });
const acks = (...all: readonly ResultAck[]): ServerSays => ({ $case: "resultAckBatch", value: { acks: [...all] } });
const accepting = (results: readonly Result[]): ServerSays[] => results.map((result) => ack(acked(result)));

/** A message of the worker, without what is the same in all. */
function inWords(event: ClientSays): string {
  switch (event.$case) {
    case "hello":
      return `hello ${event.value.token} ${event.value.workerId}`;
    case "ready":
      return `ready ${event.value.commands.join()} ${event.value.count} for ${event.value.leaseSeconds} s`;
    case "result":
      return `result ${resultInWords(event.value)}`;
    case "resultBatch":
      return `results ${event.value.results.map(resultInWords).join(", ")}`;
    default:
      return event.$case;
  }
}

function resultInWords({ taskId, status, resultJson }: Result): string {
  return `${taskId.slice(-1)} ${status} ${Buffer.from(resultJson).toString()}`;
}

describe("one task at a time", () => {
  test("is asked for, and its result handed in and acknowledged", async () => {
    const { book, said, failures, odd, results } = await worked({ readys: [one(3, undefined, 4)] });
    const ready = "ready TESTED 1 for 300 s";
    const result = 'result 3 COMPLETED {"ok":true,"tag":"00000003"}';
    expect(said.map(inWords)).toEqual(["hello dev-token bench-2", ready, result, ready]);
    expect(results(3)).toEqual([RESULT.acked]);
    expect([book.rows.value(3, ROW.deliveries), book.rows.value(3, ROW.attempts)]).toEqual([1, 4]);
    expect(book.rows.idOf(3)).toBe(taskId(3));
    expect([book.counts.get("delivered"), book.counts.get("resultsAcked")]).toEqual([1, 1]);
    expect([failures, odd]).toEqual([[], []]);
  });

  test("whose result is refused is not completed", async () => {
    const answer = (given: readonly Result[]): ServerSays[] => given.map((result) => ack(refused(result)));
    const { book, odd, results } = await worked({ readys: [one(3)], answer });
    expect(results(3)).toEqual([RESULT.refused]);
    expect(odd).toEqual([expect.stringMatching(/^result-refused: .*not-owner/)]);
    expect(book.counts.get("resultsAcked")).toBe(0);
  });

  test("whose result is answered late is waited for, however long nothing else is said", async () => {
    const { results } = await worked({ readys: [one(3)], answerMs: 300 });
    expect(results(3)).toEqual([RESULT.acked]);
  });

  test("whose result gets no answer is neither, when the time is over", async () => {
    const { results, odd } = await worked({ readys: [one(3)], answer: () => [], finishMs: 20 });
    expect(results(3)).toEqual([RESULT.sent]);
    expect(odd).toEqual([]);
  });
});

describe("a batch", () => {
  const workers = { batch: 3 };

  test("is asked for by its size, and its results go out together", async () => {
    const answer = (given: readonly Result[]): ServerSays[] => [acks(...given.map(acked).reverse())];
    const { said, odd, results } = await worked({ readys: [batch(3, 1)], answer, workers });
    const conclusion = (tag: number): string => `${tag} COMPLETED {"ok":true,"tag":"0000000${tag}"}`;
    const ready = "ready TESTED 3 for 300 s";
    expect(said.slice(1).map(inWords)).toEqual([ready, `results ${conclusion(3)}, ${conclusion(1)}`, ready]);
    expect(results(1, 3)).toEqual([RESULT.acked, RESULT.acked]);
    expect(odd).toEqual([]);
  });

  test("may have a single result refused, which is not completed", async () => {
    const answer = (given: readonly Result[]): ServerSays[] => [
      acks(...given.map((result, index) => (index === 1 ? refused(result) : acked(result)))),
    ];
    const { odd, results } = await worked({ readys: [batch(3, 1, 2)], answer, workers });
    expect(results(3, 1, 2)).toEqual([RESULT.acked, RESULT.refused, RESULT.acked]);
    expect(odd).toEqual([expect.stringMatching(/^result-refused: .*not-owner/)]);
  });

  test("of nothing is asked for again", async () => {
    const { odd, results } = await worked({ readys: [batch(), batch(3)], workers });
    expect(results(3)).toEqual([RESULT.acked]);
    expect(odd).toEqual([]);
  });
});

test("every slot asks, and asks again when it has been answered", async () => {
  const { said, results } = await worked({ readys: [one(0), one(1), one(2)], workers: { slots: 2 } });
  expect(said.slice(1, 3).map(({ $case }) => $case)).toEqual(["ready", "ready"]);
  expect(said.filter(({ $case }) => $case === "ready")).toHaveLength(5);
  expect(results(0, 1, 2)).toEqual([RESULT.acked, RESULT.acked, RESULT.acked]);
});

describe("a task that is not as it was made", () => {
  test.each([0, 20, 45, 59])("is odd if byte %d of its payload changed", async (at) => {
    const flipped = (payload: Buffer): Buffer => payload.fill((payload[at] ?? 0) ^ 1, at, at + 1);
    const { book, odd } = await worked({ readys: [one(3, flipped)] });
    expect(odd).toEqual([expect.stringMatching(/^payload-changed/)]);
    expect(book.counts.get("delivered")).toBe(1);
  });

  test("is odd if its payload is longer", async () => {
    const { odd } = await worked({ readys: [one(3, (payload) => Buffer.concat([payload, Buffer.from(" ")]))] });
    expect(odd).toEqual([expect.stringMatching(/^payload-changed/)]);
  });

  test("is odd if nobody created it, and gets no result", async () => {
    const { said, odd } = await worked({ readys: [one(OURS)] });
    expect(odd).toEqual([expect.stringMatching(/^delivery-unknown/)]);
    expect(said.map(({ $case }) => $case)).toEqual(["hello", "ready", "ready"]);
  });

  test("is odd if it was delivered before", async () => {
    const { odd } = await worked({ readys: [one(3), one(3, undefined, 2)] });
    expect(odd).toEqual([expect.stringMatching(/^delivered-twice/)]);
  });
});

describe("an answer that does not belong there is odd", () => {
  const stranger = { taskId: taskId(4), status: "", resultJson: Buffer.from(""), error: "" };
  const nack = { taskId: taskId(3), ok: true, errorMessage: "", errorCode: "", appliedDelaySeconds: 0, dlq: false };

  test.each<[what: string, says: ServerSays, odd: RegExp]>([
    ["an ack of another task", ack(acked(stranger)), /^result-ack-unknown: .*000000000004/],
    ["a refusal of another task", ack(refused(stranger)), /^result-ack-unknown/],
    ["an error", { $case: "error", value: { code: "BAD", message: "why" } }, /^stream-error: .*(BAD why|why BAD)/],
    ["an answer to a nack", { $case: "nackAck", value: nack }, /^stream-error: .*nobody asked for/],
  ])("%s", async (_, says, odd) => {
    const told = await worked({ readys: [one(3)], answer: (results) => [says, ...accepting(results)] });
    expect(told.results(3)).toEqual([RESULT.acked]);
    expect(told.odd).toEqual([expect.stringMatching(odd)]);
  });

  test("a second ack", async () => {
    const answer = (results: readonly Result[]): ServerSays[] => [...accepting(results), ...accepting(results)];
    const { book, odd } = await worked({ readys: [one(3)], answer });
    expect(odd).toEqual([expect.stringMatching(/^result-ack-unknown/)]);
    expect(book.counts.get("resultsAcked")).toBe(1);
  });
});

describe("a stream that ends too soon", () => {
  const watched = (workerUrl: string) => {
    const plan = loadPlan({ endpoints: { ...loadPlan().endpoints, workerUrl } });
    const failed = Promise.withResolvers<string>();
    const options = { plan, workers: workerPlan(), book: new TaskBook(plan), events: { failed: failed.resolve } };
    return { worker: new StreamWorker(options), failure: failed.promise };
  };

  test("has failed, with its status", async () => {
    await using peer = await StreamPeer.start((message, line) => {
      const { event } = WorkerEvent.decode(message);
      if (event?.$case === "ready") line.end("8", "too%20many");
      else
        line.send(
          ServerEvent.encode({ event: { $case: "helloAck", value: { workerId: "w", tenantId: "" } } }).finish(),
        );
    });
    const { worker, failure } = watched(peer.url);
    await worker.connect();
    worker.start();
    expect(await failure).toMatch(/worker stream ended: .*8 too many/);
  });

  test("is not connected if it ends before the token is acknowledged", async () => {
    await using peer = await StreamPeer.start((_, line) => line.end("16", "invalid token"));
    const { worker, failure } = watched(peer.url);
    const error: unknown = await worker.connect().catch((error: unknown) => error);
    expect(String(error)).toContain("16 invalid token");
    expect(await failure).toMatch(/16 invalid token/);
  });
});
