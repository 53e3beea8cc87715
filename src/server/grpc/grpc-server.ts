import { type ChannelOptions, Server, ServerCredentials } from "@grpc/grpc-js";
import type { StreamDirection } from "./dialogue.ts";
import type { GrpcLimits } from "./grpc-limits.ts";
import { HEALTH_SERVICE, HealthService, healthDefinition } from "./health-service.ts";
import { producerService } from "./producer-service.ts";
import { REFLECTION_SERVICE, ReflectionService, reflectionDefinitions } from "./reflection-service.ts";
import type { ServiceOptions } from "./service-options.ts";
import { STREAM_SERVICES, streamDefinition } from "./stream-definition.ts";
import { streamInterceptor } from "./stream-interceptor.ts";
import { StreamSet } from "./stream-set.ts";
import { workerService } from "./worker-service.ts";

export interface GrpcOptions extends ServiceOptions {
  readonly listen: readonly GrpcListen[];
  readonly tls: GrpcTls | undefined;
  /** What health checks are told. */
  readonly serving: () => boolean;
}

/** An address and what is served there. */
export interface GrpcListen {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly serves: readonly StreamDirection[];
}

/** PEM texts. */
export interface GrpcTls {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate of this authority. */
  readonly clientCa: string | undefined;
}

export interface GrpcServer {
  /** As bound, in the order asked for. */
  readonly ports: readonly number[];
  readonly streams: StreamSet;
  /** New connections are refused; streams end as soon as their work is done. */
  stopAccepting(): void;
  /** Stops accepting and waits until every stream has ended and every connection is closed. */
  close(): Promise<void>;
  /** Ends what is left at once. */
  terminate(): void;
}

/** Why an address cannot be listened on. */
export class BindError extends Error {
  override readonly name = "BindError";
  /** Which of the addresses asked for. */
  readonly index: number;
  /** The system's, such as `EADDRINUSE`; empty when it gave none. */
  readonly code: string;

  constructor(index: number, cause: Error) {
    super(cause.message, { cause });
    this.index = index;
    // grpc-js hands on no more than a text.
    this.code = /\bE[A-Z]{3,}\b/.exec(cause.message)?.[0] ?? "";
  }
}

/** @throws BindError when it cannot listen; then nothing is left open */
export async function startGrpc(options: GrpcOptions): Promise<GrpcServer> {
  const streams = new StreamSet(options);
  const services = { producer: producerService(options), worker: workerService(options) };
  const interceptors = [streamInterceptor(services, streams, options.limits.messageBytesMax)];
  const servers: Server[] = [];
  const companions: Companion[] = [];
  const terminate = (): void => {
    for (const server of servers) server.forceShutdown();
  };
  const ports: number[] = [];
  try {
    for (const [index, { host, port, serves }] of options.listen.entries()) {
      const server = new Server({ ...channelOptions(options.limits), interceptors });
      servers.push(server);
      for (const direction of serves) server.addService(streamDefinition(direction), { stream: () => undefined });
      companions.push(...addCompanions(server, serves, options));
      const bound = await bind(server, host, port, options.tls);
      if (bound instanceof Error) throw new BindError(index, bound);
      ports.push(bound);
    }
  } catch (error) {
    terminate();
    throw error;
  }
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    streams.retire();
    for (const companion of companions) companion.retire();
    await Promise.all(servers.map(shutdown));
  };
  const closeOnce = (): Promise<void> => {
    closed ??= close();
    return closed;
  };
  return { ports, streams, stopAccepting: () => void closeOnce(), close: closeOnce, terminate };
}

interface Companion {
  /** Ends its open streams. */
  retire(): void;
}

/** What tools expect beside the services of a port: health checks and reflection. */
function addCompanions(server: Server, serves: readonly StreamDirection[], options: GrpcOptions): Companion[] {
  const { serving, schedule } = options;
  const services = serves.map((direction) => STREAM_SERVICES[direction]);
  const health = new HealthService({ services, serving, schedule });
  server.addService(healthDefinition, health.implementation);
  const reflection = new ReflectionService([...services, HEALTH_SERVICE, REFLECTION_SERVICE]);
  for (const definition of reflectionDefinitions) server.addService(definition, reflection.implementation);
  return [health, reflection];
}

function bind(server: Server, host: string, port: number, tls: GrpcTls | undefined): Promise<number | Error> {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return new Promise((resolve) => {
    server.bindAsync(address, credentialsOf(tls), (error, bound) => resolve(error ?? bound));
  });
}

/** Ends with an error only if it was not running. */
function shutdown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.tryShutdown(() => resolve());
  });
}

function credentialsOf(tls: GrpcTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) };
  const clientCa = tls.clientCa === undefined ? null : Buffer.from(tls.clientCa);
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
}

function channelOptions(limits: GrpcLimits): ChannelOptions {
  return {
    "grpc.max_concurrent_streams": limits.streamsPerConnectionMax,
    "grpc.max_receive_message_length": limits.messageBytesMax,
    "grpc.max_send_message_length": -1,
    "grpc.max_connection_idle_ms": limits.connectionIdleMs,
    ...(limits.keepAliveMs === 0
      ? {}
      : { "grpc.keepalive_time_ms": limits.keepAliveMs, "grpc.keepalive_timeout_ms": limits.keepAliveTimeoutMs }),
  };
}
