import type { RetryRule } from "../queue/lifecycle.ts";
import type { ClaimRequest, NewTask } from "../queue/store.ts";
import { sequenceAt } from "../queue/task-id.ts";

export const NOW = Date.UTC(2026, 0, 1);
export const RULE: RetryRule = { backoff: "fixed", baseMs: 5000, maxMs: 60_000, seed: 1 };

let lastSequence = 0;

/** A new task with everything but what the test is about. */
export function newTask(given: Partial<NewTask> = {}): NewTask {
  lastSequence = Math.max(lastSequence + 1, sequenceAt(NOW));
  return {
    key: { shard: 0, sequence: lastSequence },
    tenant: "acme",
    command: "resize",
    payload: "{}",
    priority: 0,
    maxAttempts: 5,
    webhook: undefined,
    trace: undefined,
    idempotencyKey: undefined,
    dueMs: undefined,
    ...given,
  };
}

export function claimBy(worker: string, given: Partial<ClaimRequest> = {}): ClaimRequest {
  return { tenant: "acme", worker, commands: undefined, count: 100, leaseUntilMs: NOW + 60_000, rotation: 0, ...given };
}
