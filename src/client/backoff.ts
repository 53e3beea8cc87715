import { wholeNumber } from "./bounds.ts";

/** How long to wait between attempts to connect. */
export interface Backoff {
  /** Before the second attempt, at most. Default 100. */
  readonly baseMs: number;
  /** Between any two attempts, at most. Default 10,000. */
  readonly maxMs: number;
}

const DAY_MS = 86_400_000;

/** @throws CodeqError INVALID_ARGUMENT */
export function checkedBackoff({ baseMs = 100, maxMs = 10_000 }: Partial<Backoff> = {}): Backoff {
  return {
    baseMs: wholeNumber("backoff.baseMs", baseMs, 1, DAY_MS),
    maxMs: wholeNumber("backoff.maxMs", maxMs, 1, DAY_MS),
  };
}

/**
 * Exponential with full jitter: anything from nothing to the doubled delay, so that clients that lost the same server do
 * not come back all at once.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 * @param failures attempts that failed in a row, at least 1
 * @param random from 0 up to, and without, 1
 */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, random: number): number {
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceilingMs * random);
}
