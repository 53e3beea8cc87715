import type { Point, Run } from "../result.ts";

/** `PROFILE WINDOW (20s):` and what was created and completed in it, for the run with the median rate. */
export function windowLines(point: Point): string[] {
  const measures = medianRun(point)?.measures;
  if (measures === undefined) return [];
  const { windowMs, created, completed } = measures;
  const perSecond = (count: number): string => ((count * 1000) / windowMs).toFixed(0);
  return [
    `PROFILE WINDOW (${Number((windowMs / 1000).toFixed(1))}s):`,
    `  created   = ${created} (${perSecond(created)}/s)`,
    `  completed = ${completed} (${perSecond(completed)}/s)`,
  ];
}

/** The run in the middle of those that are valid, by their rate. */
export function medianRun(point: Point): Run | undefined {
  const valid = point.runs.filter(({ measures }) => measures !== undefined);
  const sorted = valid.toSorted((a, b) => (a.measures?.rate ?? 0) - (b.measures?.rate ?? 0));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
