import type { Point } from "../result.ts";
import type { Scenario } from "./scenario.ts";
import { medianRun } from "./window-lines.ts";

/** What garbage tasks make in the server: creates alone, then the whole cycle. */
export const gcPressure: Scenario = {
  name: "gc-pressure",
  summary: "create alone, then create, claim and complete: the server's garbage, collections and pauses",
  defaults: {
    batch: 1,
    producerBatch: 1,
    concurrency: [32],
    producers: 32,
    durationMs: 6_000,
    warmupMs: 1_000,
    openModel: false,
  },
  points: ({ concurrency, producers, batch, producerBatch, ratePerSecond }) =>
    concurrency.flatMap((slots) => {
      const creating = {
        via: "stream",
        slots: producers,
        batch: producerBatch,
        ratePerSecond,
        delays: undefined,
      } as const;
      const suffix = concurrency.length > 1 ? ` c=${slots}` : "";
      const common = { concurrency: slots, producers: creating, workerCeiling: false };
      return [
        {
          ...common,
          name: `ENQUEUE${suffix}`,
          unit: "creates/s",
          workers: undefined,
          prefill: 0,
          afterwards: "leave",
        } as const,
        {
          ...common,
          name: `CLAIM-SUBMIT${suffix}`,
          unit: "tasks/s",
          workers: { via: "stream", slots, batch },
          prefill: 500,
          afterwards: "drain",
        } as const,
      ];
    }),
  watchesGarbage: true,
  lines: (point) => extraLines(point),
};

/** `ENQUEUE: 1234 B/op …`, one value after the other. */
function extraLines(point: Point): string[] {
  const extras = medianRun(point)?.measures?.extras ?? [];
  if (extras.length === 0) return [];
  return [
    `${point.name}: ${extras.map(({ name, value, unit }) => `${name}=${value.toFixed(2)}${unit === "" ? "" : ` ${unit}`}`).join("  ")}`,
  ];
}
