import { describe, expect, test } from "bun:test";
import type { WorkerPlan } from "./load-plan.ts";
import { loadPlan, workerPlan } from "./load-plan-fixture.ts";
import { RestWorker } from "./rest-worker.ts";
import { TaskBook } from "./task-book.ts";
import { PAYLOAD_TAG_AT, taskPayload, writeTag } from "./task-payload.ts";
import { RESULT, ROW } from "./task-rows.ts";
import { taskId } from "./task-story-fixture.ts";

interface Received {
  readonly path: string;
  // Made by JSON.parse.
  readonly body: Record<string, unknown>;
}

interface Script {
  /** The answers to claims, one after the other; a claim beyond them waits until the end. */
  readonly claims: readonly Response[];
  readonly results?: readonly Response[];
  readonly workers?: Partial<WorkerPlan>;
}

const PAYLOAD_BYTES = 60;
const OURS = 5;

/** What a worker does at a server that follows a script, once nothing is left of it. */
async function worked({ claims, results = [], workers = {} }: Script) {
  const [received, failures]: [Received[], string[]] = [[], []];
  const [hungry, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const [nextClaim, nextResult] = [claims.values(), results.values()];
  using http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const { pathname: path } = new URL(request.url);
      // The worker's own words.
      received.push({ path, body: (await request.json()) as Record<string, unknown> });
      if (!path.includes("/claim")) return nextResult.next().value ?? Response.json({});
      const answer = nextClaim.next().value;
      if (answer !== undefined) return answer;
      hungry.resolve();
      await over.promise;
      return new Response(null, { status: 204 });
    },
  });
  const endpoints = { ...loadPlan().endpoints, httpUrl: http.url.href };
  const plan = loadPlan({ endpoints, payloadBytes: PAYLOAD_BYTES, thread: 2 });
  const book = new TaskBook(plan);
  book.rows.take(OURS);
  const options = { plan, workers: workerPlan({ via: "rest", ...workers }), book };
  const worker = new RestWorker({ ...options, events: { failed: (reason) => failures.push(reason) } });
  await worker.connect();
  worker.start();
  await hungry.promise;
  const finished = worker.finish(30_000);
  over.resolve();
  await finished;
  worker.close();
  return { book, received, failures, odd: book.irregulars.kept.map(({ kind, text }) => `${kind}: ${text}`) };
}

/** A task as the server hands it out: its payload is a text. */
function task(tag: number, change: (payload: Buffer) => Buffer | undefined = () => undefined, attempts = 1) {
  const payload = taskPayload(PAYLOAD_BYTES);
  writeTag(payload, PAYLOAD_TAG_AT, tag);
  return { id: taskId(tag), command: "TESTED", payload: (change(payload) ?? payload).toString("latin1"), attempts };
}

const one = (...made: Parameters<typeof task>): Response => Response.json(task(...made));
const batch = (...tags: readonly number[]): Response => Response.json({ tasks: tags.map((tag) => task(tag)) });

describe("one task at a time", () => {
  test("is claimed, and its result handed in and acknowledged", async () => {
    const { book, received, failures, odd } = await worked({ claims: [one(3, undefined, 4)] });
    const claim = { commands: ["TESTED"], leaseSeconds: 300, waitSeconds: 1 };
    const result = { status: "COMPLETED", result: { ok: true, tag: "00000003" } };
    expect(received).toEqual([
      { path: "/v1/codeq/tasks/claim", body: claim },
      { path: `/v1/codeq/tasks/${taskId(3)}/result`, body: result },
      { path: "/v1/codeq/tasks/claim", body: claim },
    ]);
    expect(book.rows.value(3, ROW.result)).toBe(RESULT.acked);
    expect([book.rows.value(3, ROW.deliveries), book.rows.value(3, ROW.attempts)]).toEqual([1, 4]);
    expect(book.rows.idOf(3)).toBe(taskId(3));
    expect([book.counts.get("delivered"), book.counts.get("resultsAcked")]).toEqual([1, 1]);
    expect(Object.fromEntries(book.answers)).toEqual({ "claim 200": 1, "claim 204": 1, "result 200": 1 });
    expect([failures, odd]).toEqual([[], []]);
  });

  test("whose result is refused is not completed", async () => {
    const refusal = Response.json({ error: "not-owner" }, { status: 409 });
    const { book, odd } = await worked({ claims: [one(3), one(4)], results: [refusal] });
    expect([3, 4].map((tag) => book.rows.value(tag, ROW.result))).toEqual([RESULT.refused, RESULT.acked]);
    expect(odd).toEqual([expect.stringMatching(/^result-refused: .*409 .*not-owner/)]);
    expect(Object.fromEntries(book.answers)).toMatchObject({ "result 200": 1, "result 409": 1 });
  });
});

describe("a batch", () => {
  const workers = { batch: 3 };

  test("is asked for by its size, and its results go out together", async () => {
    const { book, received, odd } = await worked({ claims: [batch(3, 1)], workers });
    const results = [3, 1].map((tag) => ({
      taskId: taskId(tag),
      status: "COMPLETED",
      result: { ok: true, tag: `0000000${tag}` },
    }));
    expect(received).toMatchObject([
      { path: "/v1/codeq/tasks/claim/batch", body: { commands: ["TESTED"], count: 3 } },
      { path: "/v1/codeq/tasks/batch/results", body: { results } },
      { path: "/v1/codeq/tasks/claim/batch" },
    ]);
    expect([1, 3].map((tag) => book.rows.value(tag, ROW.result))).toEqual([RESULT.acked, RESULT.acked]);
    expect(odd).toEqual([]);
  });

  test("may have a single result refused, which is not completed", async () => {
    const answer = Response.json({ results: [{ taskId: taskId(3) }, { error: "not-in-progress" }, {}] });
    const { book, odd } = await worked({ claims: [batch(3, 1, 2)], results: [answer], workers });
    const states = [3, 1, 2].map((tag) => book.rows.value(tag, ROW.result));
    expect(states).toEqual([RESULT.acked, RESULT.refused, RESULT.acked]);
    expect(odd).toEqual(["result-refused: not-in-progress"]);
    expect(book.counts.get("resultsAcked")).toBe(2);
  });

  test("is refused as a whole when the request is", async () => {
    const { book, odd } = await worked({
      claims: [batch(3, 1)],
      results: [new Response("", { status: 503 })],
      workers,
    });
    expect([1, 3].map((tag) => book.rows.value(tag, ROW.result))).toEqual([RESULT.refused, RESULT.refused]);
    expect(odd).toHaveLength(2);
  });
});

describe("a task that is not as it was made", () => {
  test.each([0, 5, 45, 59])("is odd if byte %d of its payload changed", async (at) => {
    const { book, odd } = await worked({
      claims: [one(3, (payload) => payload.fill(payload[at] === 0x78 ? "y" : "x", at, at + 1))],
    });
    expect(odd).toEqual([expect.stringMatching(/^payload-changed/)]);
    expect(book.counts.get("delivered")).toBe(1);
  });

  test("is odd if its payload is longer", async () => {
    const { odd } = await worked({ claims: [one(3, (payload) => Buffer.concat([payload, Buffer.from(" ")]))] });
    expect(odd).toEqual([expect.stringMatching(/^payload-changed/)]);
  });

  test("is odd if nobody created it, and gets no result", async () => {
    const { received, odd } = await worked({ claims: [one(OURS)] });
    expect(odd).toEqual([expect.stringMatching(/^delivery-unknown/)]);
    expect(received.map(({ path }) => path)).toEqual(["/v1/codeq/tasks/claim", "/v1/codeq/tasks/claim"]);
  });

  test("is odd if it has no tag", async () => {
    const { odd } = await worked({ claims: [one(3, () => Buffer.from("{}"))] });
    expect(odd).toEqual([expect.stringMatching(/^delivery-unknown/)]);
  });

  test("is odd if it was delivered before", async () => {
    const { odd } = await worked({ claims: [one(3), one(3, undefined, 2)] });
    expect(odd).toEqual([expect.stringMatching(/^delivered-twice/)]);
  });
});

describe("a claim", () => {
  test("that brings nothing is asked again, and is nothing odd", async () => {
    const { book, odd } = await worked({ claims: [new Response(null, { status: 204 }), one(3)] });
    expect(book.rows.value(3, ROW.result)).toBe(RESULT.acked);
    expect(odd).toEqual([]);
  });

  test("that fails is odd, and asked again", async () => {
    const { book, odd } = await worked({ claims: [new Response("store down", { status: 503 }), one(3)] });
    expect(book.rows.value(3, ROW.result)).toBe(RESULT.acked);
    expect(odd).toEqual(["stream-error: claim: 503 store down"]);
  });

  test("is made by each slot", async () => {
    const { received } = await worked({ claims: [one(1), one(2), one(3)], workers: { slots: 2 } });
    // Three that brought a task, and one of each slot in the end, unless one had not asked again.
    const claims = received.filter(({ path }) => path.endsWith("/claim"));
    expect(claims.length).toBeGreaterThanOrEqual(4);
    expect(claims.length).toBeLessThanOrEqual(5);
  });
});
