import { sweepLines } from "./point-lines.ts";
import { type Scenario, SWEEP } from "./scenario.ts";

/** The ceiling of creates: nobody works. */
export const saturationProducer: Scenario = {
  name: "saturation-producer",
  summary: "create over a gRPC stream, more slots at each step, and nobody works: the producer ceiling",
  defaults: { producerBatch: 1, concurrency: SWEEP, durationMs: 6_000, warmupMs: 500, openModel: false },
  points: ({ concurrency, producerBatch }) =>
    concurrency.map((slots) => ({
      name: `c=${slots}`,
      concurrency: slots,
      unit: "creates/s",
      producers: { via: "stream", slots, batch: producerBatch, ratePerSecond: undefined, delays: undefined },
      workers: undefined,
      prefill: 0,
      afterwards: "leave",
      workerCeiling: false,
    })),
  lines: sweepLines,
};
