import type { ServerConfig } from "./config/settings.ts";
import type { GrpcLimits } from "./grpc/grpc-limits.ts";
import type { HttpLimits } from "./http/http-limits.ts";
import type { RateLimits } from "./http/rate-limit.ts";
import type { QueuePolicy } from "./queue/policy.ts";

/** The part of the configuration that each part of the server reads, in its own words. */
export function queuePolicyOf(config: ServerConfig): QueuePolicy {
  const { backoff, backoffBaseMs: baseMs, backoffMaxMs: maxMs } = config;
  return {
    leaseMsDefault: config.leaseMsDefault,
    leaseMsMax: config.leaseMsMax,
    maxAttemptsDefault: config.maxAttemptsDefault,
    retry: { backoff, baseMs, maxMs },
    retentionMs: config.retentionMs,
    delayMsMax: config.delayMsMax,
    commandBytesMax: config.commandBytesMax,
    payloadBytesMax: config.payloadBytesMax,
    idempotencyKeyBytesMax: config.idempotencyKeyBytesMax,
    webhookBytesMax: config.webhookBytesMax,
    waitersMax: config.waitersMax,
    shards: config.shards,
  };
}

export function httpLimitsOf(config: ServerConfig): HttpLimits {
  return {
    bodyBytesMax: config.bodyBytesMax,
    jsonDepthMax: config.jsonDepthMax,
    jsonValuesMax: config.jsonValuesMax,
    batchMax: config.createBatchMax,
    claimBatchMax: config.claimBatchMax,
    resultsBatchMax: config.resultBatchMax,
    claimCommandsMax: config.claimCommandsMax,
    waitMsMax: config.claimWaitMsMax,
    resultWaitMsMax: config.resultWaitMsMax,
    cleanupMax: config.cleanupMax,
    requestsMax: config.requestsMax,
    idleSeconds: Math.ceil(config.idleMs / 1000),
  };
}

export function grpcLimitsOf(config: ServerConfig): GrpcLimits {
  return {
    streamsMax: config.streamsMax,
    streamsPerConnectionMax: config.streamsPerConnectionMax,
    inFlightMax: config.streamInFlightMax,
    batchMax: config.streamBatchMax,
    assignmentMax: config.assignmentMax,
    readysMax: config.readysMax,
    claimCommandsMax: config.claimCommandsMax,
    messageBytesMax: config.messageBytesMax,
    assignmentBytesMax: config.assignmentBytesMax,
    jsonDepthMax: config.jsonDepthMax,
    workerIdBytesMax: config.workerIdBytesMax,
    helloMsMax: config.helloMsMax,
    stallMsMax: config.streamStallMsMax,
    keepAliveMs: config.keepAliveMs,
    keepAliveTimeoutMs: config.keepAliveTimeoutMs,
    streamAgeMsMax: config.streamAgeMsMax,
    streamAgeGraceMs: config.streamAgeGraceMs,
    connectionIdleMs: config.connectionIdleMs,
  };
}

export function rateLimitsOf(config: ServerConfig): RateLimits {
  return {
    producer: { requestsPerMinute: config.producerRequestsPerMinute, burstSize: config.producerBurst },
    worker: { requestsPerMinute: config.workerRequestsPerMinute, burstSize: config.workerBurst },
    admin: { requestsPerMinute: config.adminRequestsPerMinute, burstSize: config.adminBurst },
  };
}
