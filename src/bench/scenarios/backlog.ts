import type { Scenario } from "./scenario.ts";
import { medianRun } from "./window-lines.ts";

/** Whether a queue that has grown is still as fast, as small and as quick to start. */
export const backlog: Scenario = {
  name: "backlog",
  summary: "let the queue grow, by tens up to --prefill: rate, memory, disk and start time at each depth",
  defaults: {
    batch: 32,
    producerBatch: 8,
    concurrency: [32],
    producers: 32,
    prefill: 1_000_000,
    durationMs: 6_000,
    warmupMs: 1_000,
    openModel: false,
  },
  points: ({ concurrency, producers, batch, producerBatch, prefill }) =>
    concurrency.flatMap((slots) =>
      depthsUpTo(prefill).map((depth) => ({
        name: concurrency.length > 1 ? `depth=${depth} c=${slots}` : `depth=${depth}`,
        concurrency: slots,
        unit: "tasks/s" as const,
        producers: {
          via: "stream" as const,
          slots: producers,
          batch: producerBatch,
          ratePerSecond: undefined,
          delays: undefined,
          depthMax: depth,
        },
        workers: { via: "stream" as const, slots, batch },
        prefill: depth,
        afterwards: "leave" as const,
        workerCeiling: false,
        restarts: true,
      })),
    ),
  lines: (point) => {
    const measures = medianRun(point)?.measures;
    if (measures === undefined) return [];
    const extras = measures.extras.map(({ name, value, unit }) => `${name}=${value.toFixed(0)} ${unit}`);
    return [`${point.name}  rate=${measures.rate.toFixed(0)} ${point.unit}  ${extras.join("  ")}`];
  },
};

/** 1,000, 10,000 and so on below the depth wanted, then that. */
function depthsUpTo(depth: number): number[] {
  const depths: number[] = [];
  for (let step = 1000; step < depth; step *= 10) depths.push(step);
  return [...depths, Math.max(depth, 1)];
}
