import type { Scenario } from "./scenario.ts";
import { medianRun, windowLines } from "./window-lines.ts";

/** Half of the tasks are delayed: how late they come, and whether any answer is a refusal. */
export const delayed: Scenario = {
  name: "delayed",
  summary: "create and work over HTTP with half of the tasks delayed by 1 to 10 s: how late they come",
  defaults: {
    batch: 1,
    producerBatch: 1,
    concurrency: [100],
    producers: 32,
    durationMs: 30_000,
    warmupMs: 0,
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
        delays: { share: 0.5, secondsMax: 10 },
      },
      workers: { via: "rest", slots, batch },
      prefill: 0,
      afterwards: "drain",
      workerCeiling: false,
    })),
  lines: (point) => {
    const lateness = medianRun(point)?.measures?.latencies.lateness;
    const late =
      lateness === undefined
        ? []
        : [
            `  lateness  = p50 ${lateness.p50Ms.toFixed(1)} ms, p99 ${lateness.p99Ms.toFixed(1)} ms, max ${lateness.maxMs.toFixed(1)} ms`,
          ];
    return [...windowLines(point), ...late];
  },
};
