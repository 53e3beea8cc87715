import { expect, test } from "bun:test";
import { openServer } from "./bench-server.ts";
import type { PointPlan } from "./point-plan.ts";
import { pointPlan, runSettings } from "./run-settings-fixture.ts";
import { fillPlan, type PlanOptions, threadPlans } from "./thread-plans.ts";

const TARGET = { httpUrl: "http://a:1", producerUrl: "http://a:2", workerUrl: "http://a:3" };

async function optionsFor(plan: PointPlan, threads: number): Promise<PlanOptions> {
  const settings = runSettings({ threads, payloadBytes: 100 }, { target: TARGET, token: "mine" });
  return { plan, settings, server: await openServer(settings), seed: 9, rows: new SharedArrayBuffer(8), originMs: 5 };
}

async function sharesOf(producers: number, workers: number, threads: number, ratePerSecond?: number) {
  const creating = { via: "stream", slots: producers, batch: 2, ratePerSecond, delays: undefined } as const;
  const working = { via: "rest", slots: workers, batch: 3 } as const;
  const plan = pointPlan({
    producers: producers === 0 ? undefined : creating,
    workers: workers === 0 ? undefined : working,
  });
  return threadPlans(await optionsFor(plan, threads));
}

test.each([
  { producers: 4, workers: 8, threads: 2, shares: ["2+4", "2+4"] },
  // One more on each from opposite ends.
  { producers: 5, workers: 9, threads: 2, shares: ["3+4", "2+5"] },
  { producers: 1, workers: 1, threads: 2, shares: ["1+0", "0+1"] },
  { producers: 7, workers: 2, threads: 3, shares: ["3+0", "2+1", "2+1"] },
  // A thread with nothing to do is none.
  { producers: 0, workers: 1, threads: 4, shares: ["0+1"] },
  { producers: 2, workers: 0, threads: 3, shares: ["1+0", "1+0"] },
  { producers: 1, workers: 0, threads: 1, shares: ["1+0"] },
])("$producers producers and $workers workers on $threads threads", async ({ producers, workers, threads, shares }) => {
  const plans = await sharesOf(producers, workers, threads);
  expect(plans.map((plan) => `${plan.producers?.slots ?? 0}+${plan.workers?.slots ?? 0}`)).toEqual([...shares]);
});

test.each([
  { producers: 4, threads: 2, rates: [50, 50] },
  { producers: 1, threads: 4, rates: [100] },
  { producers: 3, threads: 4, rates: [100 / 3, 100 / 3, 100 / 3] },
])("the rate of an open model comes out in all on $threads threads", async ({ producers, threads, rates }) => {
  const plans = await sharesOf(producers, 0, threads, 100);
  expect(plans.map((plan) => plan.producers?.ratePerSecond)).toEqual([...rates]);
});

test("every thread does what the point says, in one lane, on one clock and in one ledger", async () => {
  const options = await optionsFor(pointPlan({ producers: { ...delaying, depthMax: 50 } }), 2);
  for (const plan of threadPlans(options)) {
    expect(plan).toMatchObject({ endpoints: TARGET, token: "mine", payloadBytes: 100, originMs: 5, seed: 9 });
    expect(plan.command).toBe(options.server.command);
    expect(plan.rows).toBe(options.rows);
    expect(plan.producers).toMatchObject({ via: "rest", batch: 7, delays: delaying.delays, depthMax: 50 });
    expect(plan.producers?.tasksMax).toBeUndefined();
    // No lease may end while it is measured.
    expect(plan.workers).toEqual({ via: "stream", slots: 4, batch: 3, leaseSeconds: 300 });
  }
});

const delaying = {
  via: "rest",
  slots: 2,
  batch: 7,
  ratePerSecond: undefined,
  delays: { share: 0.5, secondsMax: 10 },
} as const;

test("what shall wait is made by one thread, exactly so many, none of them delayed and nobody working", async () => {
  const options = await optionsFor(pointPlan({ prefill: 12_345, producers: delaying }), 4);
  const { producers, workers, rows } = fillPlan(options);
  expect(producers).toMatchObject({ tasksMax: 12_345, via: "stream", ratePerSecond: undefined, delays: undefined });
  expect(workers).toBeUndefined();
  expect(rows).toBe(options.rows);
});
