import { bytes } from "../report/figures.ts";
import type { Scenario } from "./scenario.ts";
import { medianRun } from "./window-lines.ts";

/**
 * Whether a queue that has grown is still as fast, as small and as quick to start. Producers top it up while workers work,
 * so that at least as many tasks wait as the point is named for.
 */
export const backlog: Scenario = {
  name: "backlog",
  summary: "let the queue grow, by tens up to --prefill: rate, memory, disk and start time at each depth",
  defaults: {
    batch: 32,
    producerBatch: 32,
    concurrency: [32],
    producers: 64,
    prefill: 1_000_000,
    durationMs: 6_000,
    warmupMs: 1_000,
    openModel: false,
  },
  points: ({ concurrency, producers, batch, producerBatch, prefill }) =>
    concurrency.flatMap((slots) =>
      depthsUpTo(prefill)
        .map((depth) => ({ depth, filled: depth + slots * batch * 2 + producers * producerBatch }))
        .map(({ depth, filled }) => ({
          name: concurrency.length > 1 ? `depth=${depth} c=${slots}` : `depth=${depth}`,
          depth,
          concurrency: slots,
          unit: "tasks/s" as const,
          producers: {
            via: "stream" as const,
            slots: producers,
            batch: producerBatch,
            ratePerSecond: undefined,
            delays: undefined,
            depthMax: filled,
          },
          workers: { via: "stream" as const, slots, batch },
          // What is under way between server and clients does not wait.
          prefill: filled,
          afterwards: "leave" as const,
          workerCeiling: false,
          restarts: true,
        })),
    ),
  lines: (point) => {
    const measures = medianRun(point)?.measures;
    if (measures === undefined) return [];
    const { rate, server, extras } = measures;
    const sizes =
      server === undefined ? [] : [`memory=${bytes(server.rssBytesPeak)}`, `disk=${bytes(server.diskBytes)}`];
    const others = extras.map(({ name, value, unit }) => `${name}=${value.toFixed(0)} ${unit}`);
    return [`${point.name}  rate=${rate.toFixed(0)} ${point.unit}  ${[...sizes, ...others].join("  ")}`];
  },
};

/** 1,000, 10,000 and so on below the depth wanted, then that. */
function depthsUpTo(depth: number): number[] {
  const depths: number[] = [];
  for (let step = 1000; step < depth; step *= 10) depths.push(step);
  return [...depths, Math.max(depth, 1)];
}
