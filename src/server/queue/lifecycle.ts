/** Pure decisions about a task's next state. No clock and no dice: what they need comes in as arguments. */

export type BackoffPolicy = "fixed" | "linear" | "exponential" | "exp_equal_jitter" | "exp_full_jitter";

export interface RetryRule {
  readonly backoff: BackoffPolicy;
  readonly baseMs: number;
  /** Caps the computed backoff and any delay a worker asks for. */
  readonly maxMs: number;
  /** Any integer; with the task's sequence number it decides the jitter. */
  readonly seed: number;
}

/** What becomes of a delivery that ended without a result. */
export type Retry =
  | { readonly to: "dead" }
  | { readonly to: "ready" }
  | { readonly to: "delayed"; readonly delayMs: number };

/**
 * After a nack or an expired lease.
 * @param delayMs what the worker asked for; undefined leaves it to the backoff, 0 means at once.
 */
export function retryAfterFailure(
  task: { readonly sequence: number; readonly attempts: number; readonly maxAttempts: number },
  delayMs: number | undefined,
  rule: RetryRule,
): Retry {
  if (task.attempts >= task.maxAttempts) return { to: "dead" };
  const wait =
    delayMs === undefined
      ? backoffMs(rule, task.attempts, jitter(rule.seed, task.sequence, task.attempts))
      : Math.min(delayMs, rule.maxMs);
  return wait > 0 ? { to: "delayed", delayMs: wait } : { to: "ready" };
}

/**
 * Milliseconds to wait after delivery number `attempts` failed, in whole seconds like the values on the wire.
 * @param dice in [0, 1), used by the jittered policies ("full" and "equal" jitter: Marc Brooker, AWS Architecture
 *   Blog, 2015).
 */
export function backoffMs(
  rule: Pick<RetryRule, "backoff" | "baseMs" | "maxMs">,
  attempts: number,
  dice: number,
): number {
  const exponential = Math.min(rule.baseMs * 2 ** attempts, rule.maxMs);
  switch (rule.backoff) {
    case "fixed":
      return Math.min(rule.baseMs, rule.maxMs);
    case "linear":
      return Math.min(rule.baseMs * Math.max(1, attempts), rule.maxMs);
    case "exponential":
      return exponential;
    case "exp_equal_jitter":
      return wholeSeconds(exponential / 2) + pick(exponential / 2, dice);
    case "exp_full_jitter":
      return pick(exponential, dice);
  }
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function pick(boundMs: number, dice: number): number {
  return Math.floor(dice * (Math.floor(boundMs / 1000) + 1)) * 1000;
}

/** A number in [0, 1) that differs from task to task, so that leases which end together do not come back together. */
function jitter(seed: number, sequence: number, attempts: number): number {
  let h = Math.imul(seed ^ Math.imul(sequence | 0, 0x9e37_79b1), 0x85eb_ca6b) ^ Math.imul(attempts, 0xc2b2_ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b_3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a_2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 0x1_0000_0000;
}
