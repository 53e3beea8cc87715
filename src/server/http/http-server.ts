import type { Authenticators } from "../auth/authenticators.ts";
import type { Log } from "../log.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import { Exchange } from "./exchange.ts";
import type { HealthReport } from "./health.ts";
import type { HttpLimits } from "./http-limits.ts";
import type { HttpTracing } from "./http-tracing.ts";
import type { RateScope } from "./rate-limit.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { buildRouter } from "./router.ts";

export interface HttpOptions {
  readonly queue: TaskQueue;
  readonly authenticators: Authenticators;
  readonly limits: HttpLimits;
  readonly limiter: RateLimiter;
  /** How long finished tasks are kept. */
  readonly retentionMs: number;
  readonly health: () => HealthReport;
  /** The exposition text of `/metrics`. */
  readonly metricsText: () => Promise<string>;
  /** After each answer; must not throw. `route` is the pattern, such as `/v1/codeq/tasks/:id`, or `unmatched`. */
  readonly onRequest: (route: string, method: string, status: number, seconds: number, requestId: string) => void;
  readonly onRateLimited: (scope: RateScope, operation: string) => void;
  /** Undefined when it is off. */
  readonly tracing: HttpTracing | undefined;
  readonly log: Log;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    /** PEM texts. */
    readonly tls: { readonly cert: string; readonly key: string } | undefined;
  };
  /** Milliseconds, for measuring how long an answer took; any origin will do. */
  readonly stopwatchMs: () => number;
  readonly randomHex: (bytes: number) => string;
}

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** New connections are refused; requests under way go on. */
  stopAccepting(): void;
  /** Stops accepting and waits until the requests under way are answered and every connection is closed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws the system's error (EADDRINUSE, EACCES …) when it cannot listen */
export function startHttp(options: HttpOptions): HttpServer {
  const { listen, limits } = options;
  const exchange = new Exchange(options);
  const router = buildRouter(options, exchange);
  const server = Bun.serve({
    hostname: listen.host,
    port: listen.port,
    ...(listen.tls === undefined ? {} : { tls: listen.tls }),
    idleTimeout: limits.idleSeconds,
    // Bodies are bounded where they are read, with an answer that says so; unread ones are dropped as they arrive.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: router,
    error: (error) => exchange.failed(error),
  });
  exchange.attach((request, seconds) => server.timeout(request, seconds));
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    exchange.drain();
    // Idle connections are closed at once, the others after their answer; that is also what the promise waits for.
    stopped ??= server.stop(false);
    return stopped;
  };
  return {
    port: server.port ?? listen.port,
    url: server.url.origin,
    stopAccepting: () => void stop(),
    close: stop,
    [Symbol.asyncDispose]: stop,
  };
}
