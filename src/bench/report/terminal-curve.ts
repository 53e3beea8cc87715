import type { BenchResult } from "../result.ts";
import { figure } from "./figures.ts";
import { rateSpread } from "./point-summary.ts";

/**
 * The curve of a sweep, lying on its side: a bar for each point, the plateau marked along its edge. Empty unless several
 * points share a unit; a point without a rate has no bar.
 */
export function terminalCurve({ points, plateau }: BenchResult): string[] {
  const [unit, ...otherUnits] = new Set(points.map((point) => point.unit));
  if (points.length < 2 || unit === undefined || otherUnits.length > 0) return [];
  const rates = points.map((point) => rateSpread(point)?.median);
  const best = Math.max(...rates.map((rate) => rate ?? 0));
  if (best === 0) return [];
  const nameWidth = Math.max(...points.map(({ name }) => name.length));
  const figures = rates.map((rate) => (rate === undefined ? "–" : figure(Math.round(rate))));
  const figureWidth = Math.max(...figures.map((text) => text.length));
  return points.map(({ name, concurrency }, index) => {
    const inPlateau =
      plateau !== undefined && concurrency >= plateau.fromConcurrency && concurrency <= plateau.toConcurrency;
    const line = `${name.padEnd(nameWidth)}  ${figures[index]?.padStart(figureWidth)}  ${bar((rates[index] ?? 0) / best)}`;
    return inPlateau ? `${line.padEnd(nameWidth + figureWidth + 4 + BAR_WIDTH)} ┃ plateau` : line;
  });
}

/** @param share from 0 to 1 */
function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  const rest = EIGHTHS[eighths % 8] ?? "";
  return "█".repeat(Math.floor(eighths / 8)) + rest;
}

const BAR_WIDTH = 48;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
