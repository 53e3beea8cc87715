import { median } from "../median.ts";
import type { Plateau, Point } from "../result.ts";

/**
 * Where more concurrency brings no more: the points within a tenth of the best. Undefined unless there are several points
 * of one kind, all measured; a point whose queue ran empty is no part of it.
 */
export function plateauOf(points: readonly Point[]): Plateau | undefined {
  const [first] = points;
  if (first === undefined || points.length < 2 || !points.every(({ name }) => /^c=\d+$/.test(name))) return undefined;
  const measured = points.flatMap((point) => (point.rate === undefined ? [] : [{ ...point, rate: point.rate.median }]));
  if (measured.length < points.length) return undefined;
  const ceilings = measured.filter(({ runs }) => !runs.some(ranEmpty));
  const best = Math.max(...ceilings.map(({ rate }) => rate));
  const high = ceilings
    .filter(({ rate }) => rate >= best * SHARE_OF_BEST)
    .sort((a, b) => a.concurrency - b.concurrency);
  const [from, to] = [high[0], high.at(-1)];
  if (from === undefined || to === undefined) return undefined;
  const rate = median(high.map((point) => point.rate));
  return { fromConcurrency: from.concurrency, toConcurrency: to.concurrency, rate, unit: first.unit };
}

function ranEmpty({ measures }: Point["runs"][number]): boolean {
  return measures?.notes.some(({ kind }) => kind === "queue-ran-empty") === true;
}

const SHARE_OF_BEST = 0.9;
