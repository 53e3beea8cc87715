import type { Latency } from "../result.ts";
import type { Scenario } from "./scenario.ts";
import { medianRun } from "./window-lines.ts";

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
    const measures = medianRun(point)?.measures;
    if (measures === undefined) return [];
    const { created, delivered, completed, latencies, extras } = measures;
    const answers = extras.filter(({ unit }) => unit === "answers");
    return [
      "=== REPRO REPORT ===",
      `  created   = ${created}`,
      `  claimed   = ${delivered}`,
      `  completed = ${completed}`,
      ...latenessLines(latencies.lateness),
      "  answers of the whole run, by request and HTTP status:",
      ...answers.map(({ name, value }) => `    ${name.padEnd(12)} ${value}`),
    ];
  },
};

/** How late delayed tasks came; of those that were due within the window. */
function latenessLines(lateness: Latency | undefined): string[] {
  if (lateness === undefined) return ["  lateness  : no delayed task came within the window"];
  const { count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = lateness;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const parts = [`p50 ${ms(p50Ms)}`, `p90 ${ms(p90Ms)}`, `p99 ${ms(p99Ms)}`, `p99.9 ${ms(p999Ms)}`, `max ${ms(maxMs)}`];
  return [`  lateness  = ${parts.join(", ")} of ${count} tasks`];
}
