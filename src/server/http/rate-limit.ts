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
  readonly tokens: number;
  /** When `tokens` was right. */
  readonly atMs: number;
}

export interface Take {
  readonly bucket: Bucket;
  /** 0 when the request may pass, else whole seconds, at least 1. */
  readonly retryAfterSeconds: number;
}

/** @param bucket undefined for a first request */
export function takeToken(bucket: Bucket | undefined, limit: RateLimit, now: number): Take {
  const perSecond = limit.requestsPerMinute / 60;
  const tokens = bucket === undefined ? limit.burstSize : refilled(bucket, limit, now);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: now }, retryAfterSeconds: 0 };
  const retryAfterSeconds = Math.max(1, Math.ceil((1 - tokens) / perSecond));
  return { bucket: { tokens, atMs: now }, retryAfterSeconds };
}

/** A full bucket is as good as none. */
export function isFull(bucket: Bucket, limit: RateLimit, now: number): boolean {
  return refilled(bucket, limit, now) >= limit.burstSize;
}

export function isActive(limit: RateLimit): boolean {
  return limit.requestsPerMinute > 0 && limit.burstSize > 0;
}

function refilled(bucket: Bucket, limit: RateLimit, now: number): number {
  const seconds = Math.max(0, now - bucket.atMs) / 1000;
  return Math.min(limit.burstSize, bucket.tokens + (seconds * limit.requestsPerMinute) / 60);
}
