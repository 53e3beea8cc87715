import type { TimedLine } from "./server-child.ts";

/** What a server's garbage collections were in a stretch of time. */
export interface Garbage {
  readonly cycles: number;
  /** How long the program stood still for them in all, and at most at a time. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  readonly allocatedBytes: number;
  /** What the heap held after the last collection more than after the first one. */
  readonly heapGrowthBytes: number;
}

/** Environment that makes JavaScriptCore log its collections to standard error. */
export const GC_LOG_ENV = { BUN_JSC_logGC: "1" } as const;

/**
 * Reads what JavaScriptCore logs with `logGC=1`.
 * @param fromMs milliseconds since the epoch, as `toMs`
 */
export function readGarbage(lines: readonly TimedLine[], fromMs: number, toMs: number): Garbage {
  let cycles = 0;
  let pauseMs = 0;
  let pauseMsMax = 0;
  let allocatedBytes = 0;
  const heapKib: number[] = [];
  for (const { line, atMs } of lines) {
    if (atMs < fromMs || atMs >= toMs) continue;
    allocatedBytes += Number(ALLOCATED.exec(line)?.[1] ?? 0);
    for (const [, ms] of line.matchAll(PAUSE)) {
      pauseMs += Number(ms);
      pauseMsMax = Math.max(pauseMsMax, Number(ms));
    }
    const kib = CYCLE_END.exec(line)?.[1];
    if (kib === undefined) continue;
    cycles += 1;
    heapKib.push(Number(kib));
  }
  const heapGrowthBytes = ((heapKib.at(-1) ?? 0) - (heapKib[0] ?? 0)) * 1024;
  return { cycles, pauseMs, pauseMsMax, allocatedBytes, heapGrowthBytes };
}

const ALLOCATED = /bytes allocated this cycle: (\d+)/;
const PAUSE = / p=([\d.]+)ms/g;
const CYCLE_END = /=> (\d+)kb, .*END\]/;
