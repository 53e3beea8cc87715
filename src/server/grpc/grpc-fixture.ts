import { Client, type ClientDuplexStream, credentials, type StatusObject } from "@grpc/grpc-js";
import {
  type CreateTask,
  ProducerEvent,
  ServerEvent as ProducerServerEvent,
} from "../../../proto/generated/producer.ts";
import { type Result, WorkerEvent, ServerEvent as WorkerServerEvent } from "../../../proto/generated/worker.ts";
import { type Authenticators, devAuthenticators } from "../auth/authenticators.ts";
import type { CreateTask as CreateRequest } from "../queue/admission.ts";
import type { QueuePolicy } from "../queue/policy.ts";
import type { Store } from "../queue/store.ts";
import type { Task } from "../queue/task.ts";
import { TaskQueue } from "../queue/task-queue.ts";
import type { GrpcLimits } from "./grpc-limits.ts";
import { type GrpcServer, startGrpc } from "./grpc-server.ts";
import type { StreamRate } from "./rate-gate.ts";
import { STREAM_PATHS } from "./stream-definition.ts";

/** For tests only: real gRPC servers on free ports over a given store, with a clock and timers that the test moves. */
export class GrpcFixture implements AsyncDisposable {
  readonly queue: TaskQueue;
  readonly grpc: GrpcServer;
  readonly time: HandTime;
  /** Of the streams that ended: direction and reason. */
  readonly ends: readonly string[];
  readonly #clients: Client[] = [];

  static async start(store: Store, settings: FixtureSettings = {}): Promise<GrpcFixture> {
    const time = new HandTime();
    const ends: string[] = [];
    const queue = new TaskQueue({
      store,
      policy: { ...POLICY, ...settings.policy },
      observer: { created() {}, claimed() {}, finished() {}, leasesExpired() {} },
      clock: () => time.now,
      random: () => 1,
    });
    const grpc = await startGrpc({
      queue,
      authenticators: settings.authenticators ?? devAuthenticators(TEST_TOKEN, "dev-tenant"),
      limits: { ...TEST_LIMITS, ...settings.limits },
      rates: { producer: settings.rate, worker: settings.rate },
      observer: { batch() {}, ended: (direction, reason) => ends.push(`${direction} ${reason}`) },
      schedule: (callback, delayMs) => time.schedule(callback, delayMs),
      clock: () => time.now,
      log: SILENT,
      listen: [
        { host: "127.0.0.1", port: 0, serves: ["worker"] },
        { host: "127.0.0.1", port: 0, serves: ["producer"] },
      ],
      tls: undefined,
      serving: settings.serving ?? (() => true),
    });
    return new GrpcFixture(queue, grpc, time, ends);
  }

  private constructor(queue: TaskQueue, grpc: GrpcServer, time: HandTime, ends: readonly string[]) {
    this.ends = ends;
    this.queue = queue;
    this.grpc = grpc;
    this.time = time;
  }

  get workerPort(): number {
    return this.grpc.ports[0] ?? 0;
  }

  get producerPort(): number {
    return this.grpc.ports[1] ?? 0;
  }

  /** A stream that has said nothing yet, on a connection of its own unless one is given. */
  rawProducer(client: Client = this.client(this.producerPort)): TestStream<ProducerEvent, ProducerServerEvent> {
    return new TestStream(
      client.makeBidiStreamRequest(
        STREAM_PATHS.producer,
        (event: ProducerEvent) => ProducerEvent.encode(event).finish(),
        (bytes) => ProducerServerEvent.decode(bytes),
      ),
    );
  }

  rawWorker(client: Client = this.client(this.workerPort)): TestStream<WorkerEvent, WorkerServerEvent> {
    return new TestStream(
      client.makeBidiStreamRequest(
        STREAM_PATHS.worker,
        (event: WorkerEvent) => WorkerEvent.encode(event).finish(),
        (bytes) => WorkerServerEvent.decode(bytes),
      ),
    );
  }

  /** A stream that has been greeted. */
  async producer(token = TEST_TOKEN): Promise<TestStream<ProducerEvent, ProducerServerEvent>> {
    const stream = this.rawProducer();
    stream.send({ event: { $case: "hello", value: { token } } });
    await stream.next("helloAck");
    return stream;
  }

  async worker(
    workerId = "w",
    token = TEST_TOKEN,
    client?: Client,
  ): Promise<TestStream<WorkerEvent, WorkerServerEvent>> {
    const stream = this.rawWorker(client);
    stream.send({ event: { $case: "hello", value: { token, workerId } } });
    await stream.next("helloAck");
    return stream;
  }

  /** Creates tasks without a stream; yields their ids. */
  async fill(count: number, task: Partial<CreateRequest> = {}): Promise<string[]> {
    const one: CreateRequest = { ...RENDER, ...task };
    const outcomes = await this.queue.create(
      "dev-tenant",
      Array.from({ length: count }, () => one),
    );
    return outcomes.map((outcome) => {
      if (!outcome.ok) throw outcome.error;
      return this.queue.idOf(outcome.value.task);
    });
  }

  /** The task once it is finished. */
  async finished(id: string): Promise<Task> {
    const task = await this.queue.getFinished("dev-tenant", id, Number.POSITIVE_INFINITY, undefined);
    if (task === undefined) throw new Error(`no task ${id}`);
    return task;
  }

  /** Resolves when the server has handled what the worker sent so far, and sent what it had for it. */
  async settled(worker: TestStream<WorkerEvent, WorkerServerEvent>): Promise<void> {
    worker.send({ event: { $case: "heartbeat", value: { taskId: "none", extendSeconds: 0 } } });
    await worker.skipTo("heartbeatAck");
  }

  /** Resolves when so many tasks are leased at least. */
  async leased(count: number): Promise<void> {
    await until(async () => {
      const lanes = await this.queue.stats("dev-tenant", undefined);
      return lanes.reduce((sum, lane) => sum + lane.leased, 0) >= count;
    });
  }

  /** Resolves when the server has noticed that of the streams of this direction only so many are left. */
  gone(direction: "producer" | "worker", left = 0): Promise<void> {
    return until(() => this.grpc.streams.counts(direction).open <= left);
  }

  /** Lets time pass until the stream has ended. */
  async endOf({ ended }: { readonly ended: Promise<StatusObject> }): Promise<StatusObject> {
    let over = false;
    void ended.then(() => {
      over = true;
    });
    await until(() => {
      this.time.advance(100);
      return over;
    });
    return ended;
  }

  client(port: number): Client {
    const options = { "grpc.use_local_subchannel_pool": 1, "grpc.max_receive_message_length": 64 * 1024 * 1024 };
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.grpc.terminate();
    await this.grpc.close();
  }
}

/** Turn after turn of the event loop, until it is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

interface OneOf {
  readonly event?: { readonly $case: string; readonly value: unknown } | undefined;
}

type Case<T extends OneOf> = NonNullable<T["event"]>["$case"];
type ValueOf<T extends OneOf, C extends string> = Extract<NonNullable<T["event"]>, { $case: C }>["value"];

type AckOf<T extends OneOf> = Extract<NonNullable<T["event"]>["value"], { acks: unknown[] }>["acks"][number];

/** A client's end of a stream, read message by message. */
export class TestStream<Out extends OneOf, In extends OneOf> {
  readonly call: ClientDuplexStream<Out, In>;
  /** How it ended. */
  readonly ended: Promise<StatusObject>;
  readonly #arrived: In[] = [];
  readonly #expecting: ((event: In | undefined) => void)[] = [];
  #over = false;

  constructor(call: ClientDuplexStream<Out, In>) {
    this.call = call;
    const { promise, resolve } = Promise.withResolvers<StatusObject>();
    this.ended = promise;
    call.on("data", (event: In) => {
      const expecting = this.#expecting.shift();
      if (expecting === undefined) this.#arrived.push(event);
      else expecting(event);
    });
    call.on("error", () => undefined);
    call.on("status", (status: StatusObject) => {
      this.#over = true;
      for (const expecting of this.#expecting) expecting(undefined);
      resolve(status);
    });
  }

  send(event: Out): void {
    this.call.write(event);
  }

  /** The next message, which must be of this kind. */
  async next<C extends Case<In>>(kind: C): Promise<ValueOf<In, C>> {
    const event = this.#arrived.shift() ?? (await this.#arrival());
    if (event?.event?.$case !== kind) {
      const status =
        event === undefined ? `the end (${JSON.stringify(await this.ended)})` : JSON.stringify(event.event);
      throw new Error(`expected ${kind}, got ${status}`);
    }
    return event.event.value;
  }

  /** The next acks of creates or results, whatever messages they share; `count` must be where a message ends. */
  async acks(count: number): Promise<AckOf<In>[]> {
    const acks: AckOf<In>[] = [];
    while (acks.length < count) {
      const { $case, value } = (this.#arrived.shift() ?? (await this.#arrival()))?.event ?? {};
      // The two shapes in which acks come, and nothing else.
      if ($case?.endsWith("AckBatch") === true) acks.push(...(value as { acks: AckOf<In>[] }).acks);
      else if ($case?.endsWith("Ack") === true) acks.push(value);
      else throw new Error(`expected acks, got ${$case}`);
    }
    return acks;
  }

  /** The next message, whatever it is; undefined when the stream has ended. */
  async event(): Promise<In | undefined> {
    return this.#arrived.shift() ?? (await this.#arrival());
  }

  /** Waits for a message of this kind and takes it out of the line, whatever is before it. */
  async skipTo(kind: Case<In>): Promise<void> {
    const before: In[] = [];
    for (;;) {
      const event = this.#arrived.shift() ?? (await this.#arrival());
      if (event?.event?.$case === kind || event === undefined) break;
      before.push(event);
    }
    this.#arrived.unshift(...before);
  }

  /** Messages that have arrived and nobody asked for. */
  get unread(): number {
    return this.#arrived.length;
  }

  #arrival(): Promise<In | undefined> {
    const { promise, resolve } = Promise.withResolvers<In | undefined>();
    if (this.#over) resolve(undefined);
    else this.#expecting.push(resolve);
    return promise;
  }
}

/** Time that stands still until a test moves it. */
export class HandTime {
  now = 1_784_548_800_250;
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();

  /** Like the timers there are, which take a delay that is too long for none. */
  schedule(callback: () => void, delayMs: number): () => void {
    const timer = { dueMs: this.now + (delayMs < 2 ** 31 ? delayMs : 1), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that have not gone off. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.now += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)) {
      if (timer.dueMs > this.now || !this.#timers.delete(timer)) continue;
      timer.callback();
    }
  }
}

/** A task to create, `RENDER` unless said otherwise. */
export function createMessage(seq: number | bigint, task: Partial<CreateTask> = {}): CreateTask {
  return {
    seq: BigInt(seq),
    command: "RENDER",
    payload: Buffer.from(`{"n":${seq}}`),
    priority: 0,
    webhook: "",
    maxAttempts: 0,
    idempotencyKey: "",
    delaySeconds: 0,
    traceParent: "",
    traceState: "",
    ...task,
  };
}

export function create(seq: number | bigint, task: Partial<CreateTask> = {}): ProducerEvent {
  return { event: { $case: "create", value: createMessage(seq, task) } };
}

export function ready(count = 1, commands: string[] = [], leaseSeconds = 0): WorkerEvent {
  return { event: { $case: "ready", value: { commands, leaseSeconds, count } } };
}

export function completed(taskId: string, resultJson = ""): WorkerEvent {
  return { event: { $case: "result", value: resultMessage(taskId, { resultJson: Buffer.from(resultJson) }) } };
}

export function resultMessage(taskId: string, result: Partial<Result> = {}): Result {
  return { taskId, status: "COMPLETED", resultJson: Buffer.alloc(0), error: "", ...result };
}

export interface FixtureSettings {
  readonly authenticators?: Authenticators;
  readonly policy?: Partial<QueuePolicy>;
  readonly limits?: Partial<GrpcLimits>;
  /** Of both kinds of stream. */
  readonly rate?: StreamRate;
  readonly serving?: () => boolean;
}

export const TEST_TOKEN = "dev-token";

const RENDER: CreateRequest = {
  command: "RENDER",
  payload: "{}",
  priority: undefined,
  webhook: undefined,
  maxAttempts: undefined,
  idempotencyKey: undefined,
  runAtMs: undefined,
  delayMs: undefined,
};

const nothing = (): void => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => SILENT };

const POLICY: QueuePolicy = {
  leaseMsDefault: 300_000,
  leaseMsMax: 86_400_000,
  maxAttemptsDefault: 5,
  retry: { backoff: "fixed", baseMs: 5000, maxMs: 900_000 },
  retentionMs: 86_400_000,
  delayMsMax: 365 * 86_400_000,
  commandBytesMax: 256,
  payloadBytesMax: 1_048_576,
  idempotencyKeyBytesMax: 512,
  webhookBytesMax: 2048,
  waitersMax: 1000,
  shards: 1,
};

export const TEST_LIMITS: GrpcLimits = {
  streamsMax: 2000,
  streamsPerConnectionMax: 1000,
  inFlightMax: 8192,
  batchMax: 10_000,
  assignmentMax: 1024,
  readysMax: 4096,
  claimCommandsMax: 100,
  messageBytesMax: 4 * 1024 * 1024,
  assignmentBytesMax: 3 * 1024 * 1024,
  jsonDepthMax: 64,
  workerIdBytesMax: 256,
  helloMsMax: 10_000,
  stallMsMax: 60_000,
  keepAliveMs: 0,
  keepAliveTimeoutMs: 20_000,
  streamAgeMsMax: 0,
  streamAgeGraceMs: 30_000,
  connectionIdleMs: 300_000,
};
