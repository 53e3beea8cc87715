import type { Via } from "../load/load-plan.ts";
import type { PointPlan } from "../run/point-plan.ts";
import { sideLines } from "./point-lines.ts";
import type { Scenario } from "./scenario.ts";

/** Creates over a stream one by one, over a stream in batches, and over HTTP, side by side. */
export const producerStreamVsRest: Scenario = {
  name: "producer-stream-vs-rest",
  summary: "create over a gRPC stream, over one in batches, and over HTTP, side by side",
  defaults: { producerBatch: 16, concurrency: [32], durationMs: 6_000, warmupMs: 500, openModel: true },
  points: ({ concurrency, producerBatch, ratePerSecond }) => {
    const point = (name: string, via: Via, batch: number, slots: number): PointPlan => ({
      name: concurrency.length > 1 ? `${name} c=${slots}` : name,
      concurrency: slots,
      unit: "creates/s",
      producers: { via, slots, batch, ratePerSecond, delays: undefined },
      workers: undefined,
      prefill: 0,
      afterwards: "leave",
      workerCeiling: false,
    });
    return concurrency.flatMap((slots) => [
      point("REST", "rest", 1, slots),
      point("STREAM", "stream", 1, slots),
      point(`STREAM-BATCH (size=${producerBatch})`, "stream", producerBatch, slots),
    ]);
  },
  lines: sideLines,
};
