import { sweepLines } from "./point-lines.ts";
import { type Scenario, SWEEP } from "./scenario.ts";
import { workerPrefill } from "./worker-prefill.ts";

/** The ceiling of claim and result: tasks wait in plenty, nobody creates meanwhile. */
export const saturationWorker: Scenario = {
  name: "saturation-worker",
  summary: "claim and complete what waits over a gRPC stream, more slots at each step: the worker ceiling",
  defaults: { batch: 1, concurrency: SWEEP, prefill: 0, durationMs: 6_000, warmupMs: 500, openModel: false },
  points: (parameters) =>
    parameters.concurrency.map((slots) => ({
      name: `c=${slots}`,
      concurrency: slots,
      unit: "tasks/s",
      producers: undefined,
      workers: { via: "stream", slots, batch: parameters.batch },
      prefill: workerPrefill(parameters, slots),
      afterwards: "leave",
      workerCeiling: true,
    })),
  lines: sweepLines,
};
