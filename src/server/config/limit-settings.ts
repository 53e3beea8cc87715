import { bytes, duration, integer } from "./kinds.ts";
import { HOUR, KIB, MIB, SECOND } from "./quantities.ts";
import { type Setting, setting } from "./setting.ts";

/** What counts against a rate limit. */
const RATED = {
  producer: "requests, and messages on streams,",
  worker: "claims, and Readys on streams,",
  admin: "requests",
} as const;

/** The bounds of everything a client can make large. */
export const limitSettings = {
  bodyBytesMax: size({
    key: "maxBodyBytes",
    flag: "body-max",
    env: "CODEQ_MAX_BODY_BYTES",
    min: KIB,
    max: 256 * MIB,
    fallback: 16 * MIB,
    help: "largest request body",
  }),
  payloadBytesMax: size({
    key: "maxPayloadBytes",
    flag: "payload-max",
    env: "CODEQ_MAX_PAYLOAD_BYTES",
    min: 16,
    max: 256 * MIB,
    fallback: MIB,
    help: "largest payload of a task",
  }),
  commandBytesMax: size({
    key: "maxCommandBytes",
    flag: "command-max",
    env: "CODEQ_MAX_COMMAND_BYTES",
    min: 1,
    max: 64 * KIB,
    fallback: 256,
    help: "longest command name",
  }),
  lanesMax: limit({
    key: "maxCommands",
    flag: "commands-max",
    env: "CODEQ_MAX_COMMANDS",
    max: 10_000_000,
    unit: "commands",
    fallback: 100_000,
    help: "different commands that have tasks, all tenants together and in each shard; a tenant gets no more of them than it leaves free, others are refused",
  }),
  idempotencyKeyBytesMax: size({
    key: "maxIdempotencyKeyBytes",
    flag: "idempotency-key-max",
    env: "CODEQ_MAX_IDEMPOTENCY_KEY_BYTES",
    min: 1,
    max: 64 * KIB,
    fallback: 512,
    help: "longest idempotency key",
  }),
  webhookBytesMax: size({
    key: "maxWebhookBytes",
    flag: "webhook-max",
    env: "CODEQ_MAX_WEBHOOK_BYTES",
    min: 1,
    max: 64 * KIB,
    fallback: 2 * KIB,
    help: "longest webhook URL",
  }),
  jsonDepthMax: limit({
    key: "maxJsonDepth",
    flag: "json-depth-max",
    env: "CODEQ_MAX_JSON_DEPTH",
    max: 1000,
    unit: "levels",
    fallback: 64,
    help: "deepest nesting of a request body",
  }),
  jsonValuesMax: limit({
    key: "maxJsonValues",
    flag: "json-values-max",
    env: "CODEQ_MAX_JSON_VALUES",
    max: 10_000_000,
    unit: "values",
    fallback: 100_000,
    help: "numbers, texts, lists and so on in a request body of 64KiB or more, those in payloads and results aside",
  }),
  createBatchMax: limit({
    key: "maxCreateBatch",
    flag: "create-batch-max",
    env: "CODEQ_MAX_CREATE_BATCH",
    max: 10_000,
    unit: "tasks",
    fallback: 100,
    help: "tasks created by one request",
  }),
  claimBatchMax: limit({
    key: "maxClaimBatch",
    flag: "claim-batch-max",
    env: "CODEQ_MAX_CLAIM_BATCH",
    max: 10_000,
    unit: "tasks",
    fallback: 10,
    help: "tasks claimed by one request",
  }),
  resultBatchMax: limit({
    key: "maxResultBatch",
    flag: "result-batch-max",
    env: "CODEQ_MAX_RESULT_BATCH",
    max: 10_000,
    unit: "results",
    fallback: 100,
    help: "results handed in by one request",
  }),
  claimWaitMsMax: setting({
    key: "maxClaimWaitSeconds",
    flag: "claim-wait-max",
    env: ["CODEQ_MAX_CLAIM_WAIT_SECONDS"],
    kind: duration({ min: 0, max: HOUR }),
    fallback: 30 * SECOND,
    group: "Limits",
    help: "longest wait of a claim for a task",
  }),
  resultWaitMsMax: setting({
    key: "maxResultWaitSeconds",
    flag: "result-wait-max",
    env: ["CODEQ_MAX_RESULT_WAIT_SECONDS"],
    kind: duration({ min: 0, max: HOUR }),
    fallback: 60 * SECOND,
    group: "Limits",
    help: "longest wait of a request for a result",
  }),
  waitersMax: limit({
    key: "maxWaiters",
    flag: "waiters-max",
    env: "CODEQ_MAX_WAITERS",
    max: 1_000_000,
    unit: "requests",
    fallback: 10_000,
    help: "requests that may wait at the same time, for tasks and for results each",
  }),
  claimCommandsMax: limit({
    key: "maxClaimCommands",
    flag: "claim-commands-max",
    env: "CODEQ_MAX_CLAIM_COMMANDS",
    max: 10_000,
    unit: "commands",
    fallback: 100,
    help: "commands one claim may name",
  }),
  cleanupMax: limit({
    key: "maxCleanup",
    flag: "cleanup-max",
    env: "CODEQ_MAX_CLEANUP",
    max: 1_000_000,
    unit: "tasks",
    fallback: 10_000,
    help: "tasks one cleanup request may delete",
  }),
  requestsMax: limit({
    key: "maxRequests",
    flag: "requests-max",
    env: "CODEQ_MAX_REQUESTS",
    max: 1_000_000,
    unit: "requests",
    fallback: 20_000,
    help: "requests under way at the same time, waiting ones included",
  }),
  idleMs: setting({
    key: "idleSeconds",
    flag: "idle",
    env: ["CODEQ_IDLE_SECONDS"],
    kind: duration({ min: SECOND, max: 255 * SECOND }),
    fallback: 30 * SECOND,
    group: "Limits",
    help: "a connection without traffic is closed after this; waiting requests are exempt",
  }),
  commandLabelsMax: limit({
    key: "maxCommandLabels",
    flag: "command-labels-max",
    env: "CODEQ_MAX_COMMAND_LABELS",
    max: 100_000,
    unit: "commands",
    fallback: 1000,
    help: "commands told apart in metrics; the others share the label _other",
  }),

  producerRequestsPerMinute: rate("producer", "requestsPerMinute"),
  producerBurst: rate("producer", "burstSize"),
  workerRequestsPerMinute: rate("worker", "requestsPerMinute"),
  workerBurst: rate("worker", "burstSize"),
  adminRequestsPerMinute: rate("admin", "requestsPerMinute"),
  adminBurst: rate("admin", "burstSize"),
} as const;

function limit(row: {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly max: number;
  readonly unit: string;
  readonly fallback: number;
  readonly help: string;
}): Setting<number> {
  const { key, flag, env, max, unit, fallback, help } = row;
  return { key, flag, env: [env], kind: integer({ min: 1, max, unit }), fallback, group: "Limits", help };
}

function size(row: {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly help: string;
}): Setting<number> {
  const { key, flag, env, min, max, fallback, help } = row;
  return { key, flag, env: [env], kind: bytes({ min, max }), fallback, group: "Limits", help };
}

function rate(scope: "producer" | "worker" | "admin", part: "requestsPerMinute" | "burstSize"): Setting<number> {
  const perMinute = part === "requestsPerMinute";
  return {
    key: `rateLimit.${scope}.${part}`,
    flag: perMinute ? `rate-limit-${scope}` : `rate-limit-${scope}-burst`,
    env: [`RATE_LIMIT_${scope.toUpperCase()}_${perMinute ? "REQUESTS_PER_MINUTE" : "BURST_SIZE"}`],
    kind: integer({ min: 0, max: 100_000_000, unit: perMinute ? "requests per minute" : "requests" }),
    fallback: 0,
    group: "Rate limits",
    help: perMinute
      ? `${RATED[scope]} per minute for each ${scope} token; 0, like a burst of 0, is no limit`
      : `requests a ${scope} token may make at once`,
  };
}
