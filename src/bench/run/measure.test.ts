import { describe, expect, test } from "bun:test";
import { rowsOf, type TaskStory, taskStory } from "../load/task-story-fixture.ts";
import type { LatencyName } from "../result.ts";
import { measureWindow, type Window } from "./measure.ts";

const S = 1_000_000;
const measured = (stories: readonly TaskStory[], window: Partial<Window> = {}) =>
  measureWindow(rowsOf(stories), { fromUs: 10 * S, toUs: 12 * S, loop: "closed", ...window });

/** A task in the window whose times all differ. */
const story = (change: Partial<TaskStory> = {}): TaskStory =>
  taskStory(0, "completed", {
    intended: 10_001_000,
    createInvoke: 10_003_000,
    createDone: 10_010_000,
    claimInvoke: 10_020_000,
    deliverDone: 10_050_000,
    resultInvoke: 10_090_000,
    resultDone: 10_200_000,
    ...change,
  });

/** In milliseconds; a histogram keeps the largest value exactly. */
function latenciesOf(one: TaskStory, loop: Window["loop"] = "closed"): Partial<Record<LatencyName, number>> {
  const { latencies } = measured([one], { loop });
  return Object.fromEntries(Object.entries(latencies).map(([name, { maxMs }]) => [name, maxMs]));
}

describe("what is counted", () => {
  test("defect 76: only acknowledged results are completed, not deliveries nor results that were sent", () => {
    const { created, delivered, completed, series } = measured([
      story(),
      ...(["none", "sent", "refused"] as const).map((result) => story({ result })),
    ]);
    expect({ created, delivered, completed }).toEqual({ created: 4, delivered: 4, completed: 1 });
    expect(series.map(({ completedPerSecond }) => completedPerSecond)).toEqual([1, 0]);
  });

  test("only acknowledged creates are created", () => {
    const outcomes = (["none", "sent", "refused", "acked"] as const).map((create) => story({ create, deliveries: 0 }));
    expect(measured(outcomes)).toMatchObject({ created: 1, delivered: 0, completed: 0 });
  });

  test("neither warm-up nor drain counts: the window begins with its first microsecond and ends before its last", () => {
    const edges = [10 * S - 1, 10 * S, 12 * S - 1, 12 * S];
    const at = edges.map((us) => story({ createDone: us, deliverDone: us, resultDone: us }));
    expect(measured(at)).toMatchObject({ created: 2, delivered: 2, completed: 2 });
    const { latencies } = measured(at);
    for (const name of ["createAck", "queueWait", "claim", "resultAck", "endToEnd"] as const) {
      expect(latencies[name]?.count).toBe(2);
    }
  });

  test("each end of a task counts where it happens: one created in the warm-up is completed in the window", () => {
    const early = story({ createInvoke: 9 * S, createDone: 9 * S, deliverDone: 10 * S, resultDone: 11 * S });
    expect(measured([early])).toMatchObject({ created: 0, delivered: 1, completed: 1 });
  });
});

describe("a latency", () => {
  test("runs from where it begins to where it ends", () => {
    expect(latenciesOf(story())).toEqual({
      createAck: 9, // from the intended start
      queueWait: 40, // from the acknowledgement
      claim: 30, // from the claim, which came after the task
      resultAck: 110,
      endToEnd: 199, // from the intended start
    });
  });

  test("of a claim that waited for its task runs from the task's create", () => {
    expect(latenciesOf(story({ claimInvoke: 9 * S }))).toMatchObject({ claim: 47 });
  });

  test("of a delayed task leaves the delay out, and its lateness is from when it was due", () => {
    const delayed = story({ delayMs: 20 });
    expect(latenciesOf(delayed)).toEqual({
      createAck: 9,
      queueWait: 20, // there 20 ms after its acknowledgement
      claim: 27, // the claim waited: from create and delay
      resultAck: 110,
      endToEnd: 179,
      lateness: 27, // from create and delay
    });
  });

  test("of a create whose answer never came is unknown, and so is how long its task waited", () => {
    expect(Object.keys(latenciesOf(story({ create: "sent" }))).sort()).toEqual(["claim", "endToEnd", "resultAck"]);
  });

  test("of a result ends with an acknowledgement only", () => {
    expect(Object.keys(latenciesOf(story({ result: "refused" }))).sort()).toEqual(["claim", "createAck", "queueWait"]);
  });

  test("of an open model tells the service time beside it, from the actual start", () => {
    expect(latenciesOf(story(), "open")).toMatchObject({ createAck: 9, service: 7, endToEnd: 199 });
  });
});

describe("an open model", () => {
  const { latencies, completed } = measured(
    [
      // Meant to start within the window, done long after: a stall takes nothing out of the latencies.
      story({ intended: 11 * S, createDone: 15 * S, deliverDone: 15 * S, resultInvoke: 15 * S, resultDone: 16 * S }),
      // Meant to start before it, done within.
      story({ intended: 9 * S }),
    ],
    { loop: "open" },
  );

  test("takes the latencies of what was meant to start in the window", () => {
    expect(latencies.createAck).toMatchObject({ count: 1, maxMs: 4000 });
    expect(latencies.endToEnd).toMatchObject({ count: 1, maxMs: 5000 });
  });

  test("takes the time that creates had waited which were not even sent when the load ended", () => {
    const unsent = { count: 3, firstUs: 11.9 * S, stepUs: 50_000, untilUs: 12.1 * S };
    const { latencies, created } = measureWindow(rowsOf([]), { fromUs: 10 * S, toUs: 12 * S, loop: "open" }, [unsent]);
    // The third was meant to start when the window was over.
    expect(latencies.createAck).toMatchObject({ count: 2, maxMs: 200 });
    expect(latencies.endToEnd).toMatchObject({ count: 2, maxMs: 200 });
    expect(created).toBe(0);
  });

  test("counts what was done in the window", () => {
    expect(completed).toBe(1);
  });
});

describe("the series", () => {
  const during = (startUs: number, endUs: number): TaskStory =>
    story({ intended: startUs, createInvoke: startUs, createDone: startUs, deliverDone: startUs, resultDone: endUs });

  test("has a moment for each second, with its rates, latencies and how many were not completed", () => {
    const { series } = measured([
      during(9 * S, 13 * S),
      during(9 * S, 10 * S + 1),
      during(10 * S, 11 * S),
      during(11 * S, 11 * S + 50_000),
    ]);
    expect(series).toMatchObject([
      { atMs: 1000, createdPerSecond: 1, deliveredPerSecond: 1, completedPerSecond: 1, depth: 2 },
      { atMs: 2000, createdPerSecond: 1, deliveredPerSecond: 1, completedPerSecond: 2, depth: 1 },
    ]);
    // Of 1 s and of 50 ms, a slot of the histogram wide.
    expect(series[1]?.p99Ms).toBe(1000);
    expect(series[1]?.p50Ms).toBeCloseTo(50, 0);
  });

  test("gives the rate of what is left of a second for a whole one", () => {
    const { series } = measured([during(10 * S, 12 * S + 100_000)], { toUs: 12.5 * S });
    expect(series.map(({ atMs, completedPerSecond }) => [atMs, completedPerSecond])).toEqual([
      [1000, 0],
      [2000, 0],
      [2500, 2],
    ]);
  });

  test("takes the latency of creates where nothing is completed", () => {
    const { series } = measured([story({ deliveries: 0, result: "none" })]);
    expect(series.map(({ p99Ms }) => p99Ms)).toEqual([9, undefined]);
  });
});

test("the least that ever waited is that at the end of a second, what waited before the window included", () => {
  const before = Array.from({ length: 5 }, () => story({ createDone: 5 * S, deliverDone: 20 * S }));
  const taken = [
    story({ createDone: 5 * S, deliverDone: 10.5 * S }),
    story({ createDone: 5 * S, deliverDone: 10.6 * S }),
    story({ createDone: 11 * S, deliverDone: 20 * S }),
  ];
  expect(measured([...before, ...taken]).depthMin).toBe(5);
  expect(measured(taken).depthMin).toBe(0);
  expect(measured(before).depthMin).toBe(5);
});
