import type { LaneStats, LaneSweep, ReadyCounts, Sweep } from "../queue/store.ts";
import { foldCommand } from "../queue/task.ts";

/** What several shards say, as one answer. */

export function sumCounts(counts: readonly ReadyCounts[]): ReadyCounts {
  return counts.reduce((sum, each) => sum.map((count, priority) => count + (each[priority] ?? 0)));
}

export function mergeSweeps(sweeps: readonly Sweep[]): Sweep {
  const lanes = mergeByLane(
    sweeps.flatMap((sweep) => sweep.lanes),
    (a: LaneSweep, b: LaneSweep) => ({
      ...a,
      ready: a.ready + b.ready,
      delayed: a.delayed + b.delayed,
      dead: [...a.dead, ...b.dead],
    }),
  );
  const nextDues = sweeps.flatMap((sweep) => sweep.nextDueMs ?? []);
  return { lanes, nextDueMs: nextDues.length === 0 ? undefined : Math.min(...nextDues) };
}

export function mergeStats(stats: readonly (readonly LaneStats[])[]): LaneStats[] {
  return mergeByLane(stats.flat(), (a, b) => ({
    ...a,
    ready: sumCounts([a.ready, b.ready]),
    delayed: a.delayed + b.delayed,
    leased: a.leased + b.leased,
    completed: a.completed + b.completed,
    failed: a.failed + b.failed,
    dead: a.dead + b.dead,
  }));
}

function mergeByLane<T extends { readonly tenant: string; readonly command: string }>(
  parts: readonly T[],
  merge: (a: T, b: T) => T,
): T[] {
  const lanes = new Map<string, T>();
  for (const part of parts) {
    const name = `${part.tenant}\u0000${foldCommand(part.command)}`;
    const known = lanes.get(name);
    lanes.set(name, known === undefined ? part : merge(known, part));
  }
  return [...lanes.values()];
}
