import { describe, expect, test } from "bun:test";
import { TemporaryDirectory } from "../bench-process-fixture.ts";
import { Histogram } from "../histogram.ts";
import { rowsOf, type TaskStory, taskStory, threadReport } from "../load/task-story-fixture.ts";
import type { Measures } from "../result.ts";
import { MetricsPage } from "../target/metrics-page.ts";
import { peakRssBytes } from "../target/process-stats.ts";
import { openServer } from "./bench-server.ts";
import type { PointPlan } from "./point-plan.ts";
import type { LoadOutcome } from "./run-load.ts";
import { measuresOf } from "./run-measures.ts";
import { pointPlan, runSettings } from "./run-settings-fixture.ts";

const TARGET = { httpUrl: "http://a:1", producerUrl: "http://a:2", workerUrl: "http://a:3" };

/** Within half a second 4 tasks created, 3 delivered, 2 completed; some more before and after. */
const STORIES: readonly TaskStory[] = [
  ...Array.from({ length: 7 }, (_, number) => taskStory(number, "completed")),
  taskStory(1000, "completed"),
  taskStory(1100, "completed"),
  taskStory(1200, "leased"),
  taskStory(1300, "waiting"),
  ...Array.from({ length: 9 }, (_, number) => taskStory(2000 + number, "completed")),
];

function loadOf(change: Partial<LoadOutcome> = {}): LoadOutcome {
  return {
    rows: rowsOf(STORIES),
    reports: [threadReport()],
    leaseMs: 300_000,
    originMs: 0,
    fromUs: 1_000_000,
    toUs: 1_500_000,
    before: new MetricsPage(""),
    after: new MetricsPage(""),
    skippedArrivals: 0,
    heap: undefined,
    objectsMade: undefined,
    nowUs: () => 5_000_000,
    ...change,
  };
}

async function measured(plan: Partial<PointPlan>, load: Partial<LoadOutcome> = {}, left = 0): Promise<Measures> {
  return measuresOf(pointPlan(plan), loadOf(load), await openServer(runSettings({}, { target: TARGET })), left);
}

const kindsOf = async (measures: Promise<Measures>): Promise<string[]> =>
  (await measures).notes.map(({ kind }) => kind);

const openProducers = { via: "stream", slots: 1, batch: 1, ratePerSecond: 100, delays: undefined } as const;

describe("a rate", () => {
  test.each([
    ["tasks/s", 4],
    ["creates/s", 8],
    ["claims/s", 6],
  ] as const)("in %s is that of the window, for a whole second", async (unit, rate) => {
    const counts = { windowMs: 500, created: 4, delivered: 3, completed: 2 };
    expect(await measured({ unit })).toMatchObject({ ...counts, rate });
  });

  test("defect 76: of tasks whose results were all refused is none, however many were delivered", async () => {
    const refused = STORIES.map((story): TaskStory => ({ ...story, result: "refused" }));
    expect(await measured({}, { rows: rowsOf(refused) })).toMatchObject({ delivered: 3, completed: 0, rate: 0 });
  });
});

test("with a rate to keep the model is open, without one closed, and so without producers", async () => {
  expect((await measured({ producers: openProducers })).loop).toBe("open");
  expect((await measured({})).loop).toBe("closed");
  expect((await measured({ producers: undefined })).loop).toBe("closed");
});

describe("the generator", () => {
  /** Of a thread whose creates were noticed so late. */
  const lagging = (ms: number, count = 100) => {
    const lag = new Histogram();
    for (let one = 0; one < count; one += 1) lag.record(ms * 1000);
    return threadReport({ lag: lag.data(), cpuSeconds: 1.5 });
  };

  test("is all threads together", async () => {
    const { generator } = await measured({}, { reports: [lagging(1, 1), lagging(3, 2)] });
    expect(generator).toMatchObject({ limited: false, cpuSeconds: 3, skippedArrivals: 0 });
    expect(generator.lag).toMatchObject({ count: 3, maxMs: 3 });
    expect(generator.lag?.meanMs).toBeCloseTo(7 / 3, 2);
  });

  test("of a closed loop has no lag", async () => {
    expect((await measured({})).generator.lag).toBeUndefined();
  });

  test("is the limit if it was late one time in a hundred", async () => {
    const [late, early] = [measured({}, { reports: [lagging(1, 98), lagging(100, 2)] }), measured({})];
    expect((await late).generator.limited).toBe(true);
    expect(await kindsOf(late)).toEqual(["generator-limited"]);
    expect(await kindsOf(early)).toEqual([]);
  });

  test("is the limit if it skipped a single create", async () => {
    const skipping = measured({}, { skippedArrivals: 1 });
    expect((await skipping).generator).toMatchObject({ limited: true, skippedArrivals: 1 });
    expect(await kindsOf(skipping)).toEqual(["generator-limited"]);
  });
});

describe("beside the rate it is said", () => {
  const ranEmpty = { rows: rowsOf(Array.from({ length: 5 }, (_, number) => taskStory(1000 + number, "completed"))) };

  test("that the queue ran empty, where the rate is meant to be a ceiling", async () => {
    expect(await kindsOf(measured({ workerCeiling: true }, ranEmpty))).toEqual(["queue-ran-empty"]);
    expect(await kindsOf(measured({ workerCeiling: false }, ranEmpty))).toEqual([]);
    expect(await kindsOf(measured({ workerCeiling: true }))).toEqual([]);
  });

  test("that the queue was not as deep as it should be", async () => {
    expect(await kindsOf(measured({ depth: 10 }))).toEqual(["shallow"]);
    expect(await kindsOf(measured({ depth: 1 }))).toEqual([]);
  });

  test("that more creates were due in the end than had a slot", async () => {
    const unsent = (count: number) => ({
      reports: [threadReport({ unsent: { count, firstUs: 1_400_000, stepUs: 1000, untilUs: 1_500_000 } })],
    });
    expect(await kindsOf(measured({ producers: openProducers }, unsent(50)))).toEqual(["overloaded"]);
    // A few are always about to be sent.
    expect(await kindsOf(measured({ producers: openProducers }, unsent(1)))).toEqual([]);
  });
});

test("it is said how many tasks are left at somebody else's server", async () => {
  expect(await kindsOf(measured({}, {}, 0))).toEqual([]);
  const { notes } = await measured({}, {}, 77);
  expect(notes).toEqual([{ kind: "warning", text: expect.stringContaining("77 tasks") }]);
});

test("answers are counted over all threads, by request and status", async () => {
  const answers = [
    { "create 202": 5, "claim 204": 1 },
    { "create 202": 7, "create 429": 2 },
  ].map((counts) => threadReport({ answers: new Map(Object.entries(counts)) }));
  const { extras } = await measured({}, { reports: answers });
  expect(extras.map(({ name, value }) => [name, value])).toEqual([
    ["claim 204", 1],
    ["create 202", 12],
    ["create 429", 2],
  ]);
});

test("somebody else's server is not looked into", async () => {
  expect((await measured({})).server).toBeUndefined();
});

/** What a server says of itself after so many commits. */
function pageOf(
  cpuSeconds: number,
  commits: number,
  delays: readonly [upTo1Ms: number, upTo10Ms: number],
): MetricsPage {
  return new MetricsPage(`process_cpu_seconds_total ${cpuSeconds}
codeq_commit_operations_count ${commits}
codeq_commit_operations_sum ${commits * 30}
codeq_commit_duration_seconds_count ${commits}
codeq_commit_duration_seconds_sum ${commits * 0.002}
codeq_event_loop_delay_seconds_bucket{le="0.001"} ${delays[0]}
codeq_event_loop_delay_seconds_bucket{le="0.01"} ${delays[1]}
codeq_event_loop_delay_seconds_bucket{le="+Inf"} ${delays[1]}
`);
}

test("our own server's costs are those of the window, and its processor time is for a million tasks", async () => {
  using dir = new TemporaryDirectory();
  await using server = await openServer(runSettings({}, { dataPlace: dir.path }));
  const pages = { before: pageOf(10, 1000, [500, 500]), after: pageOf(13, 1200, [599, 600]) };
  const costs = measuresOf(pointPlan(), loadOf(pages), server, 100).server;
  expect(costs).toMatchObject({
    cpuSeconds: 3,
    cpuSecondsPerMillion: 1_500_000,
    commits: 200,
    loopDelayMsP99: 1,
    loopDelayMsMax: 10,
  });
  expect(costs?.operationsPerCommit).toBeCloseTo(30);
  expect(costs?.commitMsMean).toBeCloseTo(2);
  const peak = peakRssBytes(server.own?.pid ?? 0) ?? 0;
  expect(costs?.rssBytesPeak).toBeGreaterThan(peak / 2);
  // The kernel counts pages for each processor and adds them up roughly.
  expect(costs?.rssBytesPeak).toBeLessThan(peak * 2);
  expect(costs?.diskBytes).toBeGreaterThan(4096);
  // Its tasks go with it.
  expect(measuresOf(pointPlan(), loadOf(pages), server, 100).notes).toEqual([]);
  const creates = measuresOf(pointPlan({ unit: "creates/s" }), loadOf(pages), server, 100).server;
  expect(creates?.cpuSecondsPerMillion).toBe(750_000);
  const restarted = measuresOf(pointPlan({ restarts: true }), loadOf(pages), server, 100).extras;
  expect(restarted).toEqual([{ name: "start", value: server.own?.startMs ?? 0, unit: "ms" }]);
  // What it does not tell of itself is unknown, not zero.
  expect(measuresOf(pointPlan(), loadOf(), server, 100).server).toMatchObject({
    commits: undefined,
    operationsPerCommit: undefined,
    commitMsMean: undefined,
    loopDelayMsP99: undefined,
    loopDelayMsMax: undefined,
  });
}, 20_000);
