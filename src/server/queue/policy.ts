import type { RetryRule } from "./lifecycle.ts";

/** The queue's settings; `config.ts` says where each comes from and what it may be. */
export interface QueuePolicy {
  readonly leaseMsDefault: number;
  readonly leaseMsMax: number;
  readonly maxAttemptsDefault: number;
  readonly retry: Omit<RetryRule, "seed">;
  readonly retentionMs: number;
  /** Longest delay of a new task. */
  readonly delayMsMax: number;
  readonly commandBytesMax: number;
  /** Of a payload, a result and an error each. */
  readonly payloadBytesMax: number;
  readonly idempotencyKeyBytesMax: number;
  readonly webhookBytesMax: number;
  /** Requests that may wait at the same time, for tasks and for results each. */
  readonly waitersMax: number;
  /** New tasks with idempotency keys are spread over this many shards by their keys. */
  readonly shards: number;
}
