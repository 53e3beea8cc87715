import { address } from "./address.ts";
import { bytes, duration, integer, optional, text } from "./kinds.ts";
import { HOUR, KIB, MIB, SECOND } from "./quantities.ts";
import { type Setting, setting } from "./setting.ts";

/** The gRPC ports, and what one client may ask of the streams. */
export const streamSettings = {
  workerAddress: setting({
    key: "workerStreamAddr",
    flag: "worker-port",
    env: ["CODEQ_WORKER_PORT", "WORKER_STREAM_ADDR"],
    kind: address(),
    fallback: "auto",
    group: "Listening",
    help: "gRPC port for workers; auto is 9091, or a free one next to --port 0",
  }),
  producerAddress: setting({
    key: "producerStreamAddr",
    flag: "producer-port",
    env: ["CODEQ_PRODUCER_PORT", "PRODUCER_STREAM_ADDR"],
    kind: address(),
    fallback: "auto",
    group: "Listening",
    help: "gRPC port for producers; auto is 9092, or a free one next to --port 0",
  }),
  grpcAddress: setting({
    key: "grpcAddr",
    flag: "grpc-port",
    env: ["CODEQ_GRPC_PORT"],
    kind: address(),
    fallback: "auto",
    group: "Listening",
    help: "one gRPC port for workers and producers in place of their own; auto is to keep those",
  }),
  tlsClientCa: setting({
    key: "tlsClientCa",
    flag: "tls-client-ca",
    env: ["CODEQ_TLS_CLIENT_CA"],
    kind: optional(text("a path", 4096)),
    fallback: undefined,
    group: "Listening",
    help: "PEM file with authorities; with it, clients of every port must show a certificate of one of them",
  }),

  streamsMax: limit({
    key: "maxStreams",
    flag: "streams-max",
    env: "CODEQ_MAX_STREAMS",
    max: 1_000_000,
    unit: "streams",
    fallback: 4096,
    help: "gRPC streams open at the same time, on all connections together",
  }),
  streamsPerConnectionMax: limit({
    key: "maxStreamsPerConnection",
    flag: "streams-per-connection-max",
    env: "CODEQ_MAX_STREAMS_PER_CONNECTION",
    max: 100_000,
    unit: "streams",
    fallback: 256,
    help: "gRPC streams on one connection",
  }),
  streamInFlightMax: limit({
    key: "maxStreamInFlight",
    flag: "stream-in-flight-max",
    env: "CODEQ_MAX_STREAM_IN_FLIGHT",
    max: 1_000_000,
    unit: "requests",
    fallback: 8192,
    help: "unacknowledged tasks and results of one stream; beyond, the stream is not read",
  }),
  streamBatchMax: limit({
    key: "maxStreamBatch",
    flag: "stream-batch-max",
    env: "CODEQ_MAX_STREAM_BATCH",
    max: 1_000_000,
    unit: "items",
    fallback: 10_000,
    help: "tasks or results in one message of a stream",
  }),
  assignmentMax: limit({
    key: "maxAssignment",
    flag: "assignment-max",
    env: "CODEQ_MAX_ASSIGNMENT",
    max: 100_000,
    unit: "tasks",
    fallback: 1000,
    help: "tasks handed out in answer to one Ready, whatever it asks for",
  }),
  assignmentBytesMax: size({
    key: "maxAssignmentBytes",
    flag: "assignment-bytes-max",
    env: "CODEQ_MAX_ASSIGNMENT_BYTES",
    min: KIB,
    max: 256 * MIB,
    fallback: 3 * MIB,
    help: "largest message with several tasks; clients take 4MiB unless told otherwise",
  }),
  readysMax: limit({
    key: "maxReadys",
    flag: "readys-max",
    env: "CODEQ_MAX_READYS",
    max: 1_000_000,
    unit: "Readys",
    fallback: 4096,
    help: "waiting Readys of one stream",
  }),
  messageBytesMax: size({
    key: "maxMessageBytes",
    flag: "message-max",
    env: "CODEQ_MAX_MESSAGE_BYTES",
    min: KIB,
    max: 256 * MIB,
    fallback: 4 * MIB,
    help: "largest message a stream takes",
  }),
  workerIdBytesMax: size({
    key: "maxWorkerIdBytes",
    flag: "worker-id-max",
    env: "CODEQ_MAX_WORKER_ID_BYTES",
    min: 1,
    max: 64 * KIB,
    fallback: 256,
    help: "longest worker id",
  }),
  helloMsMax: time({
    key: "helloTimeoutSeconds",
    flag: "hello-timeout",
    env: "CODEQ_HELLO_TIMEOUT_SECONDS",
    min: 10,
    fallback: 10 * SECOND,
    help: "a stream must say Hello within this",
  }),
  streamStallMsMax: time({
    key: "streamStallSeconds",
    flag: "stream-stall",
    env: "CODEQ_STREAM_STALL_SECONDS",
    min: 100,
    fallback: 60 * SECOND,
    help: "a stream whose client reads nothing for so long is ended; up to twice that may pass",
  }),
  keepAliveMs: time({
    key: "keepAliveSeconds",
    flag: "keep-alive",
    env: "CODEQ_KEEP_ALIVE_SECONDS",
    min: 10,
    fallback: 60 * SECOND,
    zero: "never",
    help: "gRPC connections are probed this often",
  }),
  keepAliveTimeoutMs: time({
    key: "keepAliveTimeoutSeconds",
    flag: "keep-alive-timeout",
    env: "CODEQ_KEEP_ALIVE_TIMEOUT_SECONDS",
    min: 100,
    fallback: 20 * SECOND,
    help: "a probed connection that does not answer within this is closed",
  }),
  streamAgeMsMax: time({
    key: "maxStreamAgeSeconds",
    flag: "stream-age-max",
    env: "CODEQ_MAX_STREAM_AGE_SECONDS",
    min: SECOND,
    fallback: 0,
    zero: "never",
    help: "streams are ended after this, for clients to connect anew, once they handed in their work",
  }),
  streamAgeGraceMs: time({
    key: "streamAgeGraceSeconds",
    flag: "stream-age-grace",
    env: "CODEQ_STREAM_AGE_GRACE_SECONDS",
    min: 0,
    fallback: 30 * SECOND,
    help: "how long a client may hand in its work on a stream that is too old; what is left it hands in on its next",
  }),
  connectionIdleMs: time({
    key: "connectionIdleSeconds",
    flag: "connection-idle",
    env: "CODEQ_CONNECTION_IDLE_SECONDS",
    min: SECOND,
    fallback: 300 * SECOND,
    help: "a gRPC connection without streams is closed after this",
  }),
} as const;

interface Row {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly fallback: number;
  readonly help: string;
}

function limit(row: Row & { readonly max: number; readonly unit: string }): Setting<number> {
  const { max, unit } = row;
  return { ...named(row), kind: integer({ min: 1, max, unit }) };
}

function size(row: Row & { readonly min: number; readonly max: number }): Setting<number> {
  const { min, max } = row;
  return { ...named(row), kind: bytes({ min, max }) };
}

function time(row: Row & { readonly min: number; readonly zero?: string }): Setting<number> {
  const { min, zero } = row;
  return { ...named(row), kind: duration({ min, max: 24 * HOUR, ...(zero === undefined ? {} : { zero }) }) };
}

function named({ key, flag, env, fallback, help }: Row): Omit<Setting<number>, "kind"> {
  return { key, flag, env: [env], fallback, group: "Streams", help };
}
