import type { Point } from "../result.ts";
import { medianRun } from "./window-lines.ts";

/** `c=32    completed=123456   rate=   20576 tasks/s`, or with `created=` where nothing is completed. */
export function sweepLines(point: Point): string[] {
  const measures = medianRun(point)?.measures;
  if (measures === undefined) return [];
  const what = point.unit === "creates/s" ? `created=${pad(measures.created)}` : `completed=${pad(measures.completed)}`;
  return [
    `c=${String(point.concurrency).padEnd(4)}  ${what}  rate=${measures.rate.toFixed(0).padStart(8)} ${point.unit}`,
  ];
}

/** `REST: created=1000 duration=6.0s rate=167 creates/s`; with completed ones where there are any. */
export function sideLines(point: Point): string[] {
  const measures = medianRun(point)?.measures;
  if (measures === undefined) return [];
  const completed = point.unit === "creates/s" ? "" : `completed=${measures.completed} `;
  const duration = `duration=${(measures.windowMs / 1000).toFixed(1)}s`;
  return [
    `${point.name}: ${completed}created=${measures.created} ${duration} rate=${measures.rate.toFixed(0)} ${point.unit}`,
  ];
}

function pad(count: number): string {
  return String(count).padEnd(7);
}
