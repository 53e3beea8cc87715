import type { Authenticators } from "./auth/authenticators.ts";
import { schedule } from "./clock.ts";
import { grpcListens } from "./config/grpc-listens.ts";
import type { ServerConfig } from "./config/settings.ts";
import { BindError, type GrpcServer, startGrpc } from "./grpc/grpc-server.ts";
import { logLibraryTo } from "./grpc/library-log.ts";
import type { StreamRate } from "./grpc/rate-gate.ts";
import type { HealthReport } from "./http/health.ts";
import type { RateLimiter } from "./http/rate-limiter.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { grpcLimitsOf } from "./policies.ts";
import type { TaskQueue } from "./queue/task-queue.ts";
import { listenFailure } from "./start-failures.ts";
import type { TlsFiles } from "./tls.ts";

export interface GrpcParts {
  readonly config: ServerConfig;
  readonly queue: TaskQueue;
  readonly authenticators: Authenticators;
  readonly limiter: RateLimiter;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly tls: TlsFiles | undefined;
  readonly clock: () => number;
  readonly health: () => HealthReport;
}

/**
 * Opens the gRPC ports.
 * @throws StartError when it cannot; then none is open
 */
export async function listenGrpc(parts: GrpcParts): Promise<GrpcServer> {
  const { config, queue, authenticators, metrics, log, tls, clock, health } = parts;
  const listens = grpcListens(config);
  logLibraryTo(log);
  const grpc = await startGrpc({
    queue,
    authenticators,
    limits: grpcLimitsOf(config),
    rates: { producer: rateOf(parts, "producer", "create_task"), worker: rateOf(parts, "worker", "claim") },
    observer: metrics.streams,
    schedule,
    clock,
    log,
    listen: listens,
    tls,
    serving: () => health().ready,
  }).catch((error: unknown) => {
    const listen = listens[error instanceof BindError ? error.index : 0];
    throw listenFailure(error, listen?.host ?? config.host, listen?.port ?? 0, listen?.flag);
  });
  metrics.streams.attach((direction) => grpc.streams.counts(direction));
  return grpc;
}

/** Undefined without a limit. A token has one bucket, whatever it speaks. */
function rateOf(
  { limiter, metrics, clock }: GrpcParts,
  scope: "producer" | "worker",
  operation: string,
): StreamRate | undefined {
  if (!limiter.isActive(scope)) return undefined;
  return {
    take: (digest) => limiter.take(scope, digest, clock()),
    held: () => metrics.requests.rateLimited(scope, operation),
  };
}
