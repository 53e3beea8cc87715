import { expect, test } from "bun:test";
import { createLog } from "../log.ts";
import { TemporaryDirectory } from "../process-fixture.ts";
import type { CreateTask } from "../queue/admission.ts";
import type { QueuePolicy } from "../queue/policy.ts";
import type { Store } from "../queue/store.ts";
import { TaskQueue, type TaskQueueOptions } from "../queue/task-queue.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { openStore } from "../store/open-store.ts";
import { attributeOf, Collector } from "./collector-fixture.ts";
import type { SamplerName } from "./sampler.ts";
import type { SentTrace } from "./traced-queue.ts";
import { Tracing } from "./tracing.ts";

const PRODUCER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PRODUCER = `00-${PRODUCER_TRACE}-00f067aa0ba902b7-01`;
const LEFT_TRACE = "b0000000000000000000000000000001";
const who = { tenant: "acme", worker: "w1" };
const claimOne = { commands: ["SEND"], leaseMs: undefined, count: 1, waitMs: 0, signal: undefined };

interface Traced {
  readonly tracing: Tracing;
  readonly queue: TaskQueue;
  readonly lines: string[];
}

function traced(
  collector: Collector,
  fields: {
    readonly sampler?: SamplerName;
    readonly sampleRatio?: number;
    readonly store?: Store;
  } = {},
): Traced {
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", secrets: [], write: (line) => void lines.push(line) });
  const tracing = new Tracing({
    serviceName: "codeq",
    version: "1",
    url: `http://127.0.0.1:${collector.port}/v1/traces`,
    postMsMax: 5000,
    sampler: fields.sampler ?? "parentbased_traceidratio",
    sampleRatio: fields.sampleRatio ?? 1,
    log,
  });
  const queue = tracing.queueOf({ ...OPTIONS, store: fields.store ?? new MemoryStore([1, 2]) });
  return { tracing, queue, lines };
}

test("a task stays in the trace its producer sent along, from creation through claim to result", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  const [id] = await create(queue, task({ traceParent: PRODUCER }));
  await queue.claim(who, claimOne);
  await queue.heartbeat(who, id ?? "", undefined);
  await queue.complete(who, [{ id: id ?? "", state: "completed", result: "{}", error: undefined }]);
  await tracing.close();
  const names = ["codeq.task.create", "codeq.task.claim", "codeq.task.heartbeat", "codeq.task.submit_result"];
  expect(collector.spans.map(({ name }) => name)).toEqual(names);
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([PRODUCER_TRACE]));
  expect(collector.named("codeq.task.create").parentSpanId).toBe("00f067aa0ba902b7");
  const [creation, ...deeds] = collector.spans;
  expect(deeds.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(creation?.spanId));
  for (const span of deeds)
    expect([attributeOf(span, "codeq.task.id"), attributeOf(span, "codeq.attempts")]).toEqual([id, 1]);
});

test("a worker is told to go on from its delivery, in the state its producer sent along", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  const [created] = await queue.create("acme", [task({ traceParent: PRODUCER, traceState: "vendor=1" })]);
  const [claimed] = await queue.claim(who, claimOne);
  await tracing.close();
  const at = (name: string) => ({
    traceParent: `00-${PRODUCER_TRACE}-${collector.named(name).spanId}-01`,
    traceState: "vendor=1",
  });
  expect(created?.ok === true && created.value.task.trace).toEqual(at("codeq.task.create"));
  expect(claimed?.trace).toEqual(at("codeq.task.claim"));
});

test("a task of which nothing is known begins a new trace when it is claimed", async () => {
  await using collector = new Collector();
  const store = new MemoryStore([1, 2]);
  const plain = new TaskQueue({ ...OPTIONS, store });
  await create(plain, task({ traceParent: PRODUCER }));
  const { tracing, queue } = traced(collector, { store });
  const [claimed] = await queue.claim(who, claimOne);
  await tracing.close();
  const { traceId, parentSpanId = "" } = collector.named("codeq.task.claim");
  expect(claimed?.trace?.traceParent).toStartWith(`00-${traceId}-`);
  expect([traceId === PRODUCER_TRACE, parentSpanId]).toEqual([false, ""]);
});

test("a trace does not end with the server, and its keeping has no bound", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const before = await sqliteStore(directory.path);
  const first = traced(collector, { store: before });
  await create(first.queue, task({ traceParent: PRODUCER }), task({ traceParent: PRODUCER }));
  await first.tracing.close();
  await before.close();
  const store = await sqliteStore(directory.path);
  const { tracing, queue } = traced(collector, { store });
  const [claimed] = await queue.claim(who, claimOne);
  await queue.nack(who, claimed === undefined ? "" : queue.idOf(claimed), 0, undefined);
  await tracing.close();
  await store.close();
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([PRODUCER_TRACE]));
  expect(collector.spans).toHaveLength(4);
});

test("each delivery follows from the creation", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  const [id] = await create(queue, task({}));
  await queue.claim(who, claimOne);
  await queue.abandon(who, id ?? "");
  await queue.claim(who, claimOne);
  await tracing.close();
  const claims = collector.spans.filter(({ name }) => name === "codeq.task.claim");
  expect(claims.map((span) => attributeOf(span, "codeq.attempts"))).toEqual([1, 2]);
  const creation = collector.named("codeq.task.create").spanId;
  expect(claims.map(({ parentSpanId }) => parentSpanId)).toEqual([creation, creation]);
});

test("what cannot be read of a producer's trace is not followed", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  for (const traceParent of ["", "nonsense", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, "x".repeat(10_000)]) {
    await create(queue, task({ traceParent }));
  }
  await tracing.close();
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(4);
  expect(collector.spans.map(({ parentSpanId }) => parentSpanId ?? "")).toEqual(["", "", "", ""]);
});

test("a refusal is told with its code, and another tenant's attempt stays out of the trace", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  const [id] = await create(queue, task({ traceParent: PRODUCER }), task({ command: " " }));
  await queue.claim(who, claimOne);
  await queue.nack({ tenant: "other", worker: "w1" }, id ?? "", 0, undefined);
  await tracing.close();
  const refusedCreate = collector.spans.find((span) => attributeOf(span, "codeq.command") === " ");
  expect(refusedCreate?.status.code).toBe(2);
  const attempt = collector.named("codeq.task.nack");
  expect(attributeOf(attempt, "codeq.error.code")).toBe("NOT_FOUND");
  expect(attempt.traceId).not.toBe(PRODUCER_TRACE);
});

test.each([
  [200, 0],
  [404, 0],
  [499, 0],
  [500, 2],
  [503, 2],
])("a request answered with %d has the status %d", async (status, code) => {
  await using collector = new Collector();
  const { tracing } = traced(collector);
  const request = new Request("http://localhost/v1/codeq/tasks/1?all=1");
  await tracing.serve("/v1/codeq/tasks/:id", request, () => Promise.resolve(new Response("", { status })));
  await tracing.close();
  const span = collector.named("HTTP GET /v1/codeq/tasks/:id");
  expect(span.status.code).toBe(code);
  const names = ["http.method", "http.route", "http.path", "http.host", "http.status_code"];
  expect(names.map((name) => attributeOf(span, name))).toEqual([
    "GET",
    "/v1/codeq/tasks/:id",
    "/v1/codeq/tasks/1",
    "localhost",
    status,
  ]);
});

test("a known key goes on in the trace of its first task", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  const [first] = await queue.create("acme", [task({ traceParent: PRODUCER, idempotencyKey: "k" })]);
  const [again] = await queue.create("acme", [task({ idempotencyKey: "k" })]);
  await tracing.close();
  const traceOf = (outcome: typeof first) => (outcome?.ok === true ? outcome.value.task.trace?.traceParent : "none");
  expect(traceOf(again)).toBe(traceOf(first) ?? "");
  expect(traceOf(again)).toStartWith(`00-${PRODUCER_TRACE}-`);
});

test("nothing is recorded of what is not sampled, and its callers are told so", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector, { sampleRatio: 0 });
  await create(queue, task({}));
  const [claimed] = await queue.claim(who, claimOne);
  expect(claimed?.trace?.traceParent).toEndWith("-00");
  await create(queue, task({ traceParent: PRODUCER }));
  await tracing.close();
  // A trace that the caller records is recorded.
  expect(collector.spans.map(({ traceId }) => traceId)).toEqual([PRODUCER_TRACE]);
});

test.each<
  [SamplerName, { readonly ratio: number; readonly ours: boolean; readonly known: boolean; readonly left: boolean }]
>([
  // Ours: of a task without a trace; known: of one whose producer records; left: of one whose producer does not.
  ["always_on", { ratio: 0, ours: true, known: true, left: true }],
  ["always_off", { ratio: 1, ours: false, known: false, left: false }],
  ["traceidratio", { ratio: 0, ours: false, known: false, left: false }],
  ["traceidratio", { ratio: 1, ours: true, known: true, left: true }],
  ["parentbased_always_on", { ratio: 0, ours: true, known: true, left: false }],
  ["parentbased_always_off", { ratio: 1, ours: false, known: true, left: false }],
  ["parentbased_traceidratio", { ratio: 0, ours: false, known: true, left: false }],
  ["parentbased_traceidratio", { ratio: 1, ours: true, known: true, left: false }],
])("the sampler %s records what it should: %o", async (sampler, { ratio, ours, known, left }) => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector, { sampler, sampleRatio: ratio });
  await create(queue, task({}));
  await create(queue, task({ traceParent: PRODUCER }));
  await create(queue, task({ traceParent: PRODUCER.replace(PRODUCER_TRACE, LEFT_TRACE).replace(/1$/, "0") }));
  await tracing.close();
  const traces = collector.spans.map(({ traceId }) => traceId);
  expect({
    ours: traces.some((id) => id !== PRODUCER_TRACE && id !== LEFT_TRACE),
    known: traces.includes(PRODUCER_TRACE),
    left: traces.includes(LEFT_TRACE),
  }).toEqual({ ours, known, left });
});

test("an outage is told in the spans of all that it stopped", async () => {
  await using collector = new Collector();
  using directory = new TemporaryDirectory();
  const store = await sqliteStore(directory.path);
  const { tracing, queue } = traced(collector, { store });
  await store.close();
  const work = create(queue, task({}), task({}));
  expect(await work.then(() => "done", String)).toContain("storage unavailable");
  await tracing.close();
  expect(collector.spans.map((span) => attributeOf(span, "codeq.error.code"))).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
});

test("what clients choose is cut to a bound", async () => {
  await using collector = new Collector();
  const { tracing, queue } = traced(collector);
  await create(queue, task({}));
  await queue.claim({ tenant: "acme", worker: "w".repeat(10_000) }, claimOne);
  await tracing.close();
  expect(attributeOf(collector.named("codeq.task.claim"), "codeq.worker")).toBe("w".repeat(512));
});

test("a collector that refuses is told once in the log, and disturbs nobody", async () => {
  await using collector = new Collector(400);
  const { tracing, queue, lines } = traced(collector);
  // As many as make a post go out at once; what comes later goes with the end.
  expect(await create(queue, ...Array.from({ length: 512 }, () => task({})))).toHaveLength(512);
  while (lines.length === 0) await new Promise(setImmediate);
  await create(queue, task({}));
  await tracing.close();
  expect(collector.headers).toHaveLength(2);
  expect(lines.filter((line) => line.includes("traces cannot be sent"))).toHaveLength(1);
});

function sqliteStore(dataDir: string): Promise<Store> {
  return openStore({
    dataDir,
    shards: 1,
    durability: "off",
    cacheBytes: 2 ** 20,
    diskReserveBytes: 0,
    lanesMax: 10,
    acceptDataLoss: false,
    onCommit: () => undefined,
    onEvent: () => undefined,
    freshSeed: [1, 2],
    clock: () => 0,
  });
}

async function create(queue: TaskQueue, ...items: readonly (CreateTask & SentTrace)[]): Promise<string[]> {
  const outcomes = await queue.create("acme", items);
  return outcomes.flatMap((outcome) => (outcome.ok ? [queue.idOf(outcome.value.task)] : []));
}

function task(fields: Partial<CreateTask> & SentTrace): CreateTask & SentTrace {
  return {
    command: "SEND",
    payload: "{}",
    priority: undefined,
    webhook: undefined,
    maxAttempts: undefined,
    idempotencyKey: undefined,
    runAtMs: undefined,
    delayMs: undefined,
    ...fields,
  };
}

const POLICY: QueuePolicy = {
  leaseMsDefault: 300_000,
  leaseMsMax: 3_600_000,
  maxAttemptsDefault: 5,
  retry: { backoff: "fixed", baseMs: 1000, maxMs: 1000 },
  retentionMs: 1000,
  delayMsMax: 1000,
  commandBytesMax: 256,
  payloadBytesMax: 1000,
  idempotencyKeyBytesMax: 100,
  webhookBytesMax: 100,
  waitersMax: 10,
  shards: 1,
};

const OPTIONS: Omit<TaskQueueOptions, "store"> = {
  policy: POLICY,
  observer: { created() {}, claimed() {}, finished() {}, leasesExpired() {} },
  clock: () => 1_800_000_000_000,
  random: () => 1,
};
