import { readdir, stat, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { buildInfo } from "../build-info.ts";
import type { Authenticators } from "./auth/authenticators.ts";
import type { StartReport } from "./banner.ts";
import { Clock, machineTime, schedule } from "./clock.ts";
import { type AuthChoice, chooseAuth, DEV_TOKEN } from "./config/auth-choice.ts";
import { authenticatorsOf } from "./config/chosen-auth.ts";
import { grpcListens } from "./config/grpc-listens.ts";
import type { ServerConfig } from "./config/settings.ts";
import type { GrpcServer } from "./grpc/grpc-server.ts";
import type { HealthReport } from "./http/health.ts";
import { type HttpServer, startHttp } from "./http/http-server.ts";
import type { HttpTracing } from "./http/http-tracing.ts";
import { RATE_BUCKETS_MAX, RateLimiter } from "./http/rate-limiter.ts";
import { listenGrpc } from "./listen-grpc.ts";
import type { Log } from "./log.ts";
import { LoopMonitor } from "./loop-monitor.ts";
import { Maintenance } from "./maintenance.ts";
import { type MetricSources, Metrics } from "./metrics.ts";
import { openTracing } from "./open-tracing.ts";
import { httpLimitsOf, queuePolicyOf, rateLimitsOf } from "./policies.ts";
import type { Store } from "./queue/store.ts";
import { TaskQueue, type TaskQueueOptions } from "./queue/task-queue.ts";
import { RandomHex } from "./random-hex.ts";
import { StartError } from "./start-error.ts";
import { listenFailure, storeFailure } from "./start-failures.ts";
import { openStore } from "./store/open-store.ts";
import { readTlsFiles, type TlsFiles } from "./tls.ts";

/** A server that listens. */
export interface RunningServer {
  readonly report: StartReport;
  /**
   * Stops taking requests, ends waits, lets what runs finish for at most `graceMs`, and closes the files. What was
   * acknowledged is on disk in any case.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * Builds the server from its parts and opens its port.
 * @throws StartError when it cannot; then nothing is left open, and an address in use has left no trace on disk
 */
export async function startServer(config: ServerConfig, log: Log): Promise<RunningServer> {
  const choice = chooseAuth(config);
  const authenticators = authenticatorsOf(choice);
  const tls = await tlsOf(config);
  const tracing = await openTracing(config, log);
  probeAddresses(config);

  const clock = new Clock(machineTime);
  const metrics = new Metrics({ ...buildInfo, ...config, startedMs: clock.now() });
  const store = await openConfiguredStore(config, metrics, log);
  const queueOptions: TaskQueueOptions = {
    store,
    policy: queuePolicyOf(config),
    observer: metrics.observer,
    clock: () => clock.now(),
    random: () => Math.floor(Math.random() * 2 ** 32),
  };
  const queue = tracing?.queueOf(queueOptions) ?? new TaskQueue(queueOptions);
  metrics.attach(metricSourcesOf(config, queue, clock));

  const life = { draining: false };
  const health = (): HealthReport => healthOf(config, queue, life.draining);
  const limiter = new RateLimiter(rateLimitsOf(config), RATE_BUCKETS_MAX);
  const parts = {
    config,
    queue,
    authenticators,
    limiter,
    metrics,
    log,
    tls,
    tracing,
    health,
    clock: () => clock.now(),
  };
  let grpc: GrpcServer | undefined;
  let http: HttpServer;
  try {
    grpc = await listenGrpc(parts);
    http = listen(parts);
  } catch (error) {
    grpc?.terminate();
    await store.close();
    throw error instanceof StartError ? error : listenFailure(error, config.host, config.port);
  }
  const maintenance = new Maintenance({ queue, log, schedule });
  maintenance.start();
  const { monotonicMs } = machineTime;
  const onDelay = (seconds: number): void => metrics.loopDelayed(seconds);
  const monitor = new LoopMonitor({ clock, monotonicMs, schedule, onDelay, log });

  const drain = async (graceMs: number): Promise<void> => {
    const startMs = monotonicMs();
    life.draining = true;
    queue.drain();
    http.stopAccepting();
    const closed = Promise.all([http.close(), grpc.close()]);
    if (!(await settles(closed, graceMs))) log.warn("requests were still running at the end of the grace period");
    grpc.terminate();
    monitor.stop();
    await maintenance.stop();
    await store.close();
    // What is left to send has what is left of the time.
    if (tracing !== undefined) await settles(tracing.close(), Math.max(0, graceMs - (monotonicMs() - startMs)));
  };
  return { report: reportOf(config, http, grpc, choice), drain };
}

function metricSourcesOf({ dataDir }: ServerConfig, queue: TaskQueue, clock: Clock): MetricSources {
  return {
    stats: () => queue.stats(undefined, undefined),
    waiting: () => queue.waiting,
    storeBytes: () => directoryBytes(dataDir),
    diskFreeBytes: () => freeBytes(dataDir),
    storeFaulty: () => queue.fault() !== undefined,
    diskFull: () => queue.diskFull(),
    wallAheadMs: () => clock.wallAheadMs(),
  };
}

interface Listening {
  readonly config: ServerConfig;
  readonly queue: TaskQueue;
  readonly authenticators: Authenticators;
  readonly limiter: RateLimiter;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly tls: TlsFiles | undefined;
  readonly tracing: HttpTracing | undefined;
  readonly health: () => HealthReport;
}

function listen({ config, queue, authenticators, limiter, metrics, log, tls, tracing, health }: Listening): HttpServer {
  const randomHex = new RandomHex((bytes) => crypto.getRandomValues(bytes));
  const logsRequests = config.logLevel === "debug";
  return startHttp({
    queue,
    authenticators,
    limits: httpLimitsOf(config),
    limiter,
    retentionMs: config.retentionMs,
    health,
    metricsText: () => metrics.text(),
    onRequest: (route, method, status, seconds, requestId) => {
      metrics.requests.observe(route, method, status, seconds);
      if (logsRequests) log.debug("request", { requestId, method, route, status, ms: Math.round(seconds * 1e6) / 1e3 });
    },
    onRateLimited: (scope, operation) => metrics.requests.rateLimited(scope, operation),
    tracing,
    log,
    listen: { host: config.host, port: config.port, tls: httpTlsOf(tls) },
    stopwatchMs: machineTime.monotonicMs,
    randomHex: (bytes) => randomHex.take(bytes),
  });
}

async function openConfiguredStore(config: ServerConfig, metrics: Metrics, log: Log): Promise<Store> {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  try {
    return await openStore({
      dataDir: config.dataDir,
      shards: config.shards,
      durability: config.durability,
      cacheBytes: config.cacheBytes,
      diskReserveBytes: config.diskReserveBytes,
      lanesMax: config.lanesMax,
      acceptDataLoss: config.acceptDataLoss,
      onCommit: (_shard, operations, seconds) => metrics.committed(operations, seconds),
      onEvent: (level, message) => {
        if (level === "error") metrics.store.failed();
        log[level](message);
      },
      freshSeed: [high, low],
      clock: machineTime.monotonicMs,
    });
  } catch (error) {
    throw storeFailure(error, config.dataDir);
  }
}

async function tlsOf({ tlsCert, tlsKey, tlsClientCa }: ServerConfig): Promise<TlsFiles | undefined> {
  return tlsCert === undefined || tlsKey === undefined ? undefined : readTlsFiles(tlsCert, tlsKey, tlsClientCa);
}

/** TLS as Bun.serve reads it. */
function httpTlsOf(tls: TlsFiles | undefined): { readonly cert: string; readonly key: string } | undefined {
  if (tls?.clientCa === undefined) return tls;
  // HTTP itself asks for no more than certificate and key; what else there is goes through to the listener.
  const withClients = { ...tls, ca: tls.clientCa, requestCert: true, rejectUnauthorized: true };
  return withClients;
}

/** Finds an address in use before the data directory is touched; the queue must exist before anything answers there. */
function probeAddresses(config: ServerConfig): void {
  probeAddress(config.host, config.port);
  for (const { host, port, flag } of grpcListens(config)) probeAddress(host, port, flag);
}

function probeAddress(host: string, port: number, flag?: string): void {
  try {
    Bun.listen({ hostname: host, port, socket: { data: () => undefined } }).stop(true);
  } catch (error) {
    throw listenFailure(error, host, port, flag);
  }
}

function healthOf({ durability }: ServerConfig, queue: TaskQueue, draining: boolean): HealthReport {
  const fault = queue.fault();
  const reasons = [...(draining ? ["draining"] : []), ...(fault === undefined ? [] : [fault])];
  const { version, commit } = buildInfo;
  const creates = queue.diskFull() ? "refused: disk full" : "accepted";
  return { ready: reasons.length === 0, reasons, creates, durability, version, commit };
}

function reportOf(config: ServerConfig, http: HttpServer, grpc: GrpcServer, choice: AuthChoice): StartReport {
  const { shards, durability } = config;
  return {
    build: buildInfo,
    url: http.url,
    port: http.port,
    grpc: grpcListens(config).map(({ serves, host }, index) => ({ serves, host, port: grpc.ports[index] ?? 0 })),
    dataDir: resolve(config.dataDir),
    shards,
    durability,
    devToken: choice.kind === "dev" ? DEV_TOKEN : undefined,
  };
}

/** Whether the promise settles in time. */
async function settles(promise: Promise<unknown>, graceMs: number): Promise<boolean> {
  const { promise: over, resolve: end } = Promise.withResolvers<boolean>();
  const cancel = schedule(() => end(false), graceMs);
  const settled = await Promise.race([promise.then(() => true), over]);
  cancel();
  return settled;
}

async function directoryBytes(dataDir: string): Promise<number> {
  const names = await readdir(dataDir);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dataDir, name))).size));
  return sizes.reduce((total, size) => total + size, 0);
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
