import { expect, test } from "bun:test";
import { resolveConfig } from "./config.ts";
import { httpLimitsOf, queuePolicyOf, rateLimitsOf } from "./policies.ts";

/** Every setting at a value of its own, so that two of them mixed up show. */
const { config } = resolveConfig(
  {
    flags: new Map<string, unknown>(
      Object.entries({
        lease: "11s",
        "lease-max": "12s",
        "max-attempts": "13",
        backoff: "linear",
        "backoff-base": "14s",
        "backoff-max": "15s",
        retention: "16s",
        "delay-max": "17s",
        "command-max": "18",
        "payload-max": "19",
        "idempotency-key-max": "20",
        "webhook-max": "21",
        "waiters-max": "22",
        shards: "23",
        "body-max": "2400",
        "json-depth-max": "25",
        "json-values-max": "57",
        "create-batch-max": "26",
        "claim-batch-max": "27",
        "result-batch-max": "28",
        "claim-commands-max": "29",
        "claim-wait-max": "30s",
        "result-wait-max": "31s",
        "cleanup-max": "32",
        "requests-max": "33",
        idle: "34s",
        "rate-limit-producer": "35",
        "rate-limit-producer-burst": "36",
        "rate-limit-worker": "37",
        "rate-limit-worker-burst": "38",
        "rate-limit-admin": "39",
        "rate-limit-admin-burst": "40",
      }),
    ),
    env: {},
  },
  undefined,
);

test("the queue gets each of its settings", () => {
  expect(queuePolicyOf(config)).toEqual({
    leaseMsDefault: 11_000,
    leaseMsMax: 12_000,
    maxAttemptsDefault: 13,
    retry: { backoff: "linear", baseMs: 14_000, maxMs: 15_000 },
    retentionMs: 16_000,
    delayMsMax: 17_000,
    commandBytesMax: 18,
    payloadBytesMax: 19,
    idempotencyKeyBytesMax: 20,
    webhookBytesMax: 21,
    waitersMax: 22,
    shards: 23,
  });
});

test("HTTP gets each of its limits", () => {
  expect(httpLimitsOf(config)).toEqual({
    bodyBytesMax: 2400,
    jsonDepthMax: 25,
    jsonValuesMax: 57,
    batchMax: 26,
    claimBatchMax: 27,
    resultsBatchMax: 28,
    claimCommandsMax: 29,
    waitMsMax: 30_000,
    resultWaitMsMax: 31_000,
    cleanupMax: 32,
    requestsMax: 33,
    idleSeconds: 34,
  });
  expect(rateLimitsOf(config)).toEqual({
    producer: { requestsPerMinute: 35, burstSize: 36 },
    worker: { requestsPerMinute: 37, burstSize: 38 },
    admin: { requestsPerMinute: 39, burstSize: 40 },
  });
});
