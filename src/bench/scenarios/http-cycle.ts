import { sweepLines } from "./point-lines.ts";
import type { Scenario } from "./scenario.ts";

/** The whole life of a task over HTTP. With `--rate` it tells what a service sees that creates at its own pace. */
export const httpCycle: Scenario = {
  name: "http-cycle",
  summary: "create, claim and complete at the same time over HTTP, also at a fixed rate (--rate)",
  defaults: {
    batch: 1,
    producerBatch: 1,
    concurrency: [32],
    producers: 32,
    durationMs: 10_000,
    warmupMs: 1_000,
    openModel: true,
  },
  points: ({ concurrency, producers, batch, producerBatch, ratePerSecond }) =>
    concurrency.map((slots) => ({
      name: `c=${slots}`,
      concurrency: slots,
      unit: "tasks/s",
      producers: {
        via: "rest",
        slots: producers,
        batch: producerBatch,
        ratePerSecond,
        delays: undefined,
        // Creating is less work than the rest: without a bound most of the time would go into a queue that grows.
        depthMax: 2 * (producers * producerBatch + slots * batch),
      },
      workers: { via: "rest", slots, batch },
      prefill: 0,
      afterwards: "drain",
      workerCeiling: false,
    })),
  lines: sweepLines,
};
