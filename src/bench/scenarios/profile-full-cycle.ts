import type { Scenario } from "./scenario.ts";
import { windowLines } from "./window-lines.ts";

/** Creates and works at the same time, as much as goes: the headline. */
export const profileFullCycle: Scenario = {
  name: "profile-full-cycle",
  summary: "create, claim and complete at the same time over gRPC streams: the headline rate",
  defaults: {
    batch: 1,
    producerBatch: 1,
    concurrency: [128],
    producers: 32,
    durationMs: 20_000,
    warmupMs: 2_000,
    openModel: true,
  },
  profiles: true,
  points: ({ concurrency, producers, batch, producerBatch, ratePerSecond }) =>
    concurrency.map((slots) => ({
      name: `c=${slots}`,
      concurrency: slots,
      unit: "tasks/s",
      producers: { via: "stream", slots: producers, batch: producerBatch, ratePerSecond, delays: undefined },
      workers: { via: "stream", slots, batch },
      prefill: 0,
      afterwards: "drain",
      workerCeiling: false,
    })),
  lines: (point) => windowLines(point),
};
