import type { TimedLine } from "./server-child.ts";

/** What a server's garbage collections were in a stretch of time. */
export interface Garbage {
  readonly cycles: number;
  /** How long the program stood still for them in all, and at most at a time. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  /** What the heap grew by between collections; undefined when no two of them are near enough to tell. */
  readonly allocatedBytes: number | undefined;
}

/**
 * Reads what JavaScriptCore logs with `logGC=1`.
 * @param fromMs milliseconds since the epoch, as `toMs`
 */
export function readGarbage(lines: readonly TimedLine[], fromMs: number, toMs: number): Garbage {
  let cycles = 0;
  let pauseMs = 0;
  let pauseMsMax = 0;
  for (const { line, atMs } of lines) {
    if (atMs < fromMs || atMs >= toMs) continue;
    for (const [, ms] of line.matchAll(PAUSE)) {
      pauseMs += Number(ms);
      pauseMsMax = Math.max(pauseMsMax, Number(ms));
    }
    if (CYCLE_END.test(line)) cycles += 1;
  }
  return { cycles, pauseMs, pauseMsMax, allocatedBytes: allocatedBetween(lines, fromMs, toMs) };
}

/**
 * From the end of one collection to the start of the next the heap grows by what the program allocates. Stretches that
 * lie only partly within the time count by their part; what is between the first and last seen stands for the rest.
 */
function allocatedBetween(lines: readonly TimedLine[], fromMs: number, toMs: number): number | undefined {
  let kib = 0;
  let seenMs = 0;
  let end: { readonly atMs: number; readonly kib: number } | undefined;
  for (const { line, atMs } of lines) {
    const started = CYCLE_START.exec(line)?.[1];
    if (started !== undefined && end !== undefined) {
      const overlapMs = Math.min(atMs, toMs) - Math.max(end.atMs, fromMs);
      const lengthMs = atMs - end.atMs;
      if (overlapMs > 0 && lengthMs > 0) {
        kib += (Math.max(0, Number(started) - end.kib) * overlapMs) / lengthMs;
        seenMs += overlapMs;
      }
    }
    const ended = CYCLE_END.exec(line)?.[1];
    if (ended !== undefined) end = { atMs, kib: Number(ended) };
  }
  if (seenMs === 0) return undefined;
  // All that was logged, when no window was asked for.
  const share = Number.isFinite(toMs - fromMs) ? (toMs - fromMs) / seenMs : 1;
  return kib * share * 1024;
}

const CYCLE_START = /START [A-Z] (\d+)kb/;
const PAUSE = / p=([\d.]+)ms/g;
const CYCLE_END = /=> (\d+)kb, .*END\]/;
