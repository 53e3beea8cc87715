import type { Via } from "../load/load-plan.ts";
import type { PointPlan } from "../run/point-plan.ts";
import { sideLines } from "./point-lines.ts";
import type { Scenario } from "./scenario.ts";
import { workerPrefill } from "./worker-prefill.ts";

/** Claims and results over a stream and over HTTP, side by side. */
export const workerStreamVsRest: Scenario = {
  name: "worker-stream-vs-rest",
  summary: "claim and complete what waits over a gRPC stream and over HTTP, side by side",
  defaults: { batch: 1, concurrency: [32], prefill: 0, durationMs: 6_000, warmupMs: 500, openModel: false },
  points: (parameters) => {
    const { concurrency, batch } = parameters;
    const point = (name: string, via: Via, slots: number): PointPlan => ({
      name: concurrency.length > 1 ? `${name} c=${slots}` : name,
      concurrency: slots,
      unit: "tasks/s",
      producers: undefined,
      workers: { via, slots, batch },
      prefill: workerPrefill(parameters, slots),
      afterwards: "leave",
      workerCeiling: true,
    });
    return concurrency.flatMap((slots) => [point("REST", "rest", slots), point("STREAM", "stream", slots)]);
  },
  lines: sideLines,
};
