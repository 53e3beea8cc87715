import type { Parameters } from "../result.ts";

/**
 * How many tasks must wait so that workers never find the queue empty: what the fastest server we know of could hand out
 * in all the time, given so many slots.
 */
export function workerPrefill(parameters: Parameters, slots: number): number {
  const { prefill, batch, warmupMs, durationMs } = parameters;
  if (prefill > 0) return prefill;
  const perSecond = Math.min(slots * batch * TASKS_PER_SLOT_AND_SECOND, TASKS_PER_SECOND_MAX);
  return Math.min(Math.max(PREFILL_MIN, Math.ceil((perSecond * (warmupMs + durationMs)) / 1000)), PREFILL_MAX);
}

/** A slot that waits for no ack of its results still waits for its tasks: a tenth of a millisecond at least. */
const TASKS_PER_SLOT_AND_SECOND = 10_000;
const TASKS_PER_SECOND_MAX = 200_000;
const PREFILL_MIN = 20_000;
const PREFILL_MAX = 4_000_000;
