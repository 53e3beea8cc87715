import {
  type Bucket,
  isActive,
  isFull,
  type RateLimit,
  type RateLimits,
  type RateScope,
  takeToken,
} from "./rate-limit.ts";

/** Tokens of each scope that are remembered at most. */
export const RATE_BUCKETS_MAX = 100_000;

/** The buckets of this process, one for each scope and token. */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #bucketsMax: number;
  readonly #buckets: Readonly<Record<RateScope, Map<string, Bucket>>> = {
    producer: new Map(),
    worker: new Map(),
    admin: new Map(),
  };

  constructor(limits: RateLimits, bucketsMax: number) {
    this.#limits = limits;
    this.#bucketsMax = bucketsMax;
  }

  isActive(scope: RateScope): boolean {
    return isActive(this.#limits[scope]);
  }

  /** @returns 0 when the request may pass, else the milliseconds after which it is worth trying again */
  take(scope: RateScope, digest: Buffer, now: number): number {
    const limit = this.#limits[scope];
    if (!isActive(limit)) return 0;
    const buckets = this.#buckets[scope];
    const key = digest.toString("base64");
    if (buckets.size >= this.#bucketsMax && !buckets.has(key)) this.#makeRoom(buckets, limit, now);
    const { bucket, retryAfterMs } = takeToken(buckets.get(key), limit, now);
    buckets.set(key, bucket);
    return retryAfterMs;
  }

  /** Forgets full buckets, and if none is full the oldest: memory stays bounded, somebody gets a fresh burst. */
  #makeRoom(buckets: Map<string, Bucket>, limit: RateLimit, now: number): void {
    for (const [key, bucket] of buckets) if (isFull(bucket, limit, now)) buckets.delete(key);
    if (buckets.size < this.#bucketsMax) return;
    for (const key of buckets.keys()) {
      buckets.delete(key);
      return;
    }
  }
}
