/** A token bucket as pure arithmetic: it starts full, holds `burstSize` and refills evenly. */
export interface RateLimit {
  /** 0 switches the limit off. */
  readonly requestsPerMinute: number;
  /** 0 switches the limit off. */
  readonly burstSize: number;
}

export type RateScope = "producer" | "worker" | "admin";

export type RateLimits = Readonly<Record<RateScope, RateLimit>>;

export interface Bucket {
  /** In 1/60,000 of a request, so that a millisecond refills a whole number of them. */
  readonly level: number;
  /** When `level` was right. */
  readonly atMs: number;
}

export interface Take {
  readonly bucket: Bucket;
  /** 0 when the request may pass, else how long until there is a token. */
  readonly retryAfterMs: number;
}

const REQUEST = 60_000;

/** @param bucket undefined for a first request */
export function takeToken(bucket: Bucket | undefined, limit: RateLimit, now: number): Take {
  const level = bucket === undefined ? limit.burstSize * REQUEST : refilled(bucket, limit, now);
  if (level >= REQUEST) return { bucket: { level: level - REQUEST, atMs: now }, retryAfterMs: 0 };
  return { bucket: { level, atMs: now }, retryAfterMs: (REQUEST - level) / limit.requestsPerMinute };
}

/** A full bucket is as good as none. */
export function isFull(bucket: Bucket, limit: RateLimit, now: number): boolean {
  return refilled(bucket, limit, now) >= limit.burstSize * REQUEST;
}

export function isActive(limit: RateLimit): boolean {
  return limit.requestsPerMinute > 0 && limit.burstSize > 0;
}

function refilled(bucket: Bucket, limit: RateLimit, now: number): number {
  const ms = Math.max(0, now - bucket.atMs);
  return Math.min(limit.burstSize * REQUEST, bucket.level + ms * limit.requestsPerMinute);
}
