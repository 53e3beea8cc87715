import { describe, expect, test } from "bun:test";
import { parametersFor } from "../bench-flags-fixture.ts";
import type { PointPlan } from "../run/point-plan.ts";
import { backlog } from "./backlog.ts";
import { delayed } from "./delayed.ts";
import { gcPressure } from "./gc-pressure.ts";
import { httpCycle } from "./http-cycle.ts";
import { producerStreamVsRest } from "./producer-stream-vs-rest.ts";
import { profileFullCycle } from "./profile-full-cycle.ts";
import { SCENARIOS } from "./registry.ts";
import { saturationProducer } from "./saturation-producer.ts";
import { saturationWorker } from "./saturation-worker.ts";
import type { Scenario } from "./scenario.ts";
import { workerStreamVsRest } from "./worker-stream-vs-rest.ts";

const pointsOf = (scenario: Scenario, line = ""): readonly PointPlan[] =>
  scenario.points(parametersFor(scenario, line === "" ? [] : line.split(" ")));

describe("what each point does, by default and with every flag it has", () => {
  const cases: readonly (readonly [scenario: Scenario, line: string, points: string[]])[] = [
    [profileFullCycle, "", ["c=128: stream 32x1 → stream 128x1, drain, tasks/s"]],
    [
      profileFullCycle,
      "--concurrency 8,9 --producers 3 --batch 4 --producer-batch 2 --rate 50",
      ["c=8: stream 3x2 at 50/s → stream 8x4, drain, tasks/s", "c=9: stream 3x2 at 50/s → stream 9x4, drain, tasks/s"],
    ],
    [saturationWorker, "--concurrency 2 --batch 16", ["c=2: 1300000 wait → stream 2x16, leave, tasks/s, ceiling"]],
    [saturationProducer, "--concurrency 2 --producer-batch 16", ["c=2: stream 2x16 → nobody, leave, creates/s"]],
    [
      producerStreamVsRest,
      "",
      [
        "REST: rest 32x1 → nobody, leave, creates/s",
        "STREAM: stream 32x1 → nobody, leave, creates/s",
        "STREAM-BATCH (size=16): stream 32x16 → nobody, leave, creates/s",
      ],
    ],
    [
      producerStreamVsRest,
      "--concurrency 1,2 --producer-batch 4 --rate 10",
      [
        "REST c=1: rest 1x1 at 10/s → nobody, leave, creates/s",
        "STREAM c=1: stream 1x1 at 10/s → nobody, leave, creates/s",
        "STREAM-BATCH (size=4) c=1: stream 1x4 at 10/s → nobody, leave, creates/s",
        "REST c=2: rest 2x1 at 10/s → nobody, leave, creates/s",
        "STREAM c=2: stream 2x1 at 10/s → nobody, leave, creates/s",
        "STREAM-BATCH (size=4) c=2: stream 2x4 at 10/s → nobody, leave, creates/s",
      ],
    ],
    [
      workerStreamVsRest,
      "--batch 2 --prefill 100",
      [
        "REST: 100 wait → rest 32x2, leave, tasks/s, ceiling",
        "STREAM: 100 wait → stream 32x2, leave, tasks/s, ceiling",
      ],
    ],
    [httpCycle, "", ["c=32: rest 32x1 → rest 32x1, drain, tasks/s"]],
    [
      httpCycle,
      "--concurrency 4 --producers 2 --batch 5 --producer-batch 6 --rate 0.5",
      ["c=4: rest 2x6 at 0.5/s → rest 4x5, drain, tasks/s"],
    ],
    [delayed, "", ["c=100: rest 32x1, 0.5 of them delayed up to 10 s → rest 100x1, drain, tasks/s"]],
    [
      gcPressure,
      "--producers 2 --batch 3 --producer-batch 4",
      [
        "ENQUEUE: stream 2x4 → nobody, leave, creates/s",
        "CLAIM-SUBMIT: 500 wait, stream 2x4 → stream 32x3, drain, tasks/s",
      ],
    ],
  ];

  test.each(cases.map((one) => [`${one[0].name} ${one[1]}`, ...one] as const))("%s", (_, scenario, line, points) => {
    expect(pointsOf(scenario, line).map(inWords)).toEqual(points);
  });
});

test.each(SCENARIOS)("the points of $name have names of their own, at every concurrency", (scenario) => {
  const points = pointsOf(scenario, "--concurrency 3,5");
  expect(new Set(points.map(({ name }) => name)).size).toBe(points.length);
  expect([...new Set(points.map(({ concurrency }) => concurrency))]).toEqual([3, 5]);
});

describe("a backlog", () => {
  const depthsOf = (line: string) => pointsOf(backlog, line).map(({ name }) => name);

  test("grows by tens, and even one of nothing is a point", () => {
    expect(depthsOf("")).toEqual(["depth=1000", "depth=10000", "depth=100000", "depth=1000000"]);
    expect(depthsOf("--prefill 1000")).toEqual(["depth=1000"]);
    expect(depthsOf("--prefill 1001")).toEqual(["depth=1000", "depth=1001"]);
    expect(depthsOf("--prefill 0")).toEqual(["depth=1"]);
    expect(depthsOf("--prefill 2000 --concurrency 1,2")).toEqual([
      "depth=1000 c=1",
      "depth=2000 c=1",
      "depth=1000 c=2",
      "depth=2000 c=2",
    ]);
  });

  test("waits before the load, is read by a fresh process, and is kept as deep by producers", () => {
    for (const plan of pointsOf(backlog, "--concurrency 3 --producers 5 --batch 7 --producer-batch 11")) {
      const { depth = 0, prefill, producers, workers } = plan;
      expect(plan.name).toBe(`depth=${depth}`);
      expect(prefill).toBeGreaterThanOrEqual(depth);
      expect(plan).toMatchObject({ restarts: true, afterwards: "leave", unit: "tasks/s", workerCeiling: false });
      expect(producers).toMatchObject({ via: "stream", slots: 5, batch: 11, depthMax: prefill, delays: undefined });
      expect(workers).toEqual({ via: "stream", slots: 3, batch: 7 });
    }
  });
});

describe("tasks that wait so that workers never find the queue empty", () => {
  const prefillOf = (line: string) => pointsOf(saturationWorker, line).map(({ prefill }) => prefill);

  test("are as many as the fastest server could hand out in warm-up and window", () => {
    expect(prefillOf("--concurrency 4 --duration 6 --warmup 2")).toEqual([320_000]);
    expect(prefillOf("--concurrency 4 --batch 2 --duration 6 --warmup 2")).toEqual([640_000]);
    expect(prefillOf("--concurrency 128 --duration 6 --warmup 2")).toEqual([1_600_000]);
  });

  test("are 20,000 at least and 4,000,000 at most", () => {
    expect(prefillOf("--concurrency 1 --duration 0.1 --warmup 0")).toEqual([20_000]);
    expect(prefillOf("--concurrency 512 --duration 3600")).toEqual([4_000_000]);
  });

  test("are as many as --prefill says, however few", () => {
    expect(prefillOf("--concurrency 1,512 --prefill 10")).toEqual([10, 10]);
  });
});

test("garbage is watched where it is measured, and a profile taken where it is the purpose", () => {
  expect(SCENARIOS.filter(({ watchesGarbage }) => watchesGarbage === true)).toEqual([gcPressure]);
  expect(SCENARIOS.filter(({ profiles }) => profiles === true)).toEqual([profileFullCycle]);
});

/** `name: what waits, who creates → who works, what becomes of the rest, unit`. */
function inWords(plan: PointPlan): string {
  const { name, prefill, producers, workers, afterwards, unit, workerCeiling } = plan;
  const waiting = prefill === 0 ? [] : [`${prefill} wait`];
  const creating = producers === undefined ? [] : [creatingInWords(producers)];
  const working = workers === undefined ? "nobody" : `${workers.via} ${workers.slots}x${workers.batch}`;
  const rest = [afterwards, unit, ...(workerCeiling ? ["ceiling"] : [])];
  return `${name}: ${[...waiting, ...creating].join(", ")} → ${[working, ...rest].join(", ")}`;
}

function creatingInWords(producers: NonNullable<PointPlan["producers"]>): string {
  const { via, slots, batch, ratePerSecond, delays } = producers;
  const rate = ratePerSecond === undefined ? "" : ` at ${ratePerSecond}/s`;
  const late = delays === undefined ? "" : `, ${delays.share} of them delayed up to ${delays.secondsMax} s`;
  return `${via} ${slots}x${batch}${rate}${late}`;
}
