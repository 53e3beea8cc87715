import { Client, type ClientDuplexStream, credentials, status } from "@grpc/grpc-js";
import { ProducerEvent, ServerEvent as ProducerServerEvent } from "../proto/generated/producer.ts";
import { WorkerEvent, ServerEvent as WorkerServerEvent } from "../proto/generated/worker.ts";

const TOKEN = "dev-token";
const COMMAND = "BENCH";

export type ProducerStream = ClientDuplexStream<ProducerEvent, ProducerServerEvent>;
export type WorkerStream = ClientDuplexStream<WorkerEvent, WorkerServerEvent>;

/** A greeted producer stream on a connection of its own. */
export async function openProducer(port: number): Promise<ProducerStream> {
  const stream = connect(port).makeBidiStreamRequest(
    "/producerpb.ProducerStream/Stream",
    (event: ProducerEvent) => ProducerEvent.encode(event).finish(),
    (bytes) => ProducerServerEvent.decode(bytes),
  );
  stream.write({ event: { $case: "hello", value: { token: TOKEN } } });
  await firstMessage(stream);
  return stream;
}

export async function openWorker(port: number, workerId: string): Promise<WorkerStream> {
  const stream = connect(port).makeBidiStreamRequest(
    "/workerpb.WorkerStream/Stream",
    (event: WorkerEvent) => WorkerEvent.encode(event).finish(),
    (bytes) => WorkerServerEvent.decode(bytes),
  );
  stream.write({ event: { $case: "hello", value: { token: TOKEN, workerId } } });
  await firstMessage(stream);
  return stream;
}

/** Creates batches, one after the other in each of `loops`; yields the number of acknowledged tasks. */
export class Creator {
  readonly #stream: ProducerStream;
  readonly #batch: number;
  readonly #payload: Buffer;
  readonly #missing = new Map<number, number>();
  #seq = 0;
  acked = 0;
  running = true;

  constructor(stream: ProducerStream, loops: number, batch: number, payloadText: string) {
    this.#stream = stream;
    this.#batch = batch;
    this.#payload = Buffer.from(payloadText);
    stream.on("data", (message: ProducerServerEvent) => this.#received(message));
    stream.on("error", fatal);
    for (let loop = 0; loop < loops; loop += 1) this.#create();
  }

  #create(): void {
    const first = this.#seq;
    const tasks = Array.from({ length: this.#batch }, () => this.#task());
    this.#missing.set(Math.floor(first / this.#batch), this.#batch);
    const [only] = tasks;
    if (tasks.length === 1 && only !== undefined) this.#stream.write({ event: { $case: "create", value: only } });
    else this.#stream.write({ event: { $case: "createBatch", value: { tasks } } });
  }

  #task() {
    const seq = BigInt(this.#seq++);
    return {
      seq,
      command: COMMAND,
      payload: this.#payload,
      priority: 0,
      webhook: "",
      maxAttempts: 0,
      idempotencyKey: "",
      delaySeconds: 0,
      traceParent: "",
      traceState: "",
    };
  }

  #received({ event }: ProducerServerEvent): void {
    if (event?.$case === "createAck") this.#settle(event.value);
    else if (event?.$case === "createAckBatch") for (const ack of event.value.acks) this.#settle(ack);
    else fatal(new Error(`unexpected ${JSON.stringify(event)}`));
  }

  #settle(ack: { readonly ok: boolean; readonly seq: bigint; readonly errorMessage: string }): void {
    if (!ack.ok) fatal(new Error(ack.errorMessage));
    this.acked += 1;
    const batch = Math.floor(Number(ack.seq) / this.#batch);
    const missing = (this.#missing.get(batch) ?? 0) - 1;
    if (missing > 0) {
      this.#missing.set(batch, missing);
      return;
    }
    this.#missing.delete(batch);
    if (this.running) this.#create();
  }
}

/** Works in `slots`: one Ready each, answered tasks completed in one message, and the next Ready. */
export class Completer {
  readonly #stream: WorkerStream;
  readonly #ready: WorkerEvent;
  acked = 0;

  constructor(stream: WorkerStream, slots: number, batch: number) {
    this.#stream = stream;
    this.#ready = { event: { $case: "ready", value: { commands: [COMMAND], leaseSeconds: 300, count: batch } } };
    stream.on("data", (message: WorkerServerEvent) => this.#received(message));
    stream.on("error", fatal);
    for (let slot = 0; slot < slots; slot += 1) stream.write(this.#ready);
  }

  #received({ event }: WorkerServerEvent): void {
    switch (event?.$case) {
      case "task":
        if (event.value.task !== undefined)
          this.#stream.write({ event: { $case: "result", value: done(event.value.task) } });
        this.#stream.write(this.#ready);
        break;
      case "taskBatch":
        this.#stream.write({ event: { $case: "resultBatch", value: { results: event.value.tasks.map(done) } } });
        this.#stream.write(this.#ready);
        break;
      case "resultAck":
        this.#settle(event.value);
        break;
      case "resultAckBatch":
        for (const ack of event.value.acks) this.#settle(ack);
        break;
      default:
        fatal(new Error(`unexpected ${JSON.stringify(event)}`));
    }
  }

  #settle(ack: { readonly ok: boolean; readonly errorMessage: string }): void {
    if (!ack.ok) fatal(new Error(ack.errorMessage));
    this.acked += 1;
  }
}

const NO_RESULT = Buffer.alloc(0);

function done(task: { readonly id: string }) {
  return { taskId: task.id, status: "COMPLETED", resultJson: NO_RESULT, error: "" };
}

function connect(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
}

function firstMessage(stream: ProducerStream | WorkerStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("data", () => {
      stream.removeListener("error", reject);
      resolve();
    });
  });
}

/** The server ends the streams when the measurement is over. */
function fatal(error: Error & { readonly code?: number }): void {
  if (error.code === status.UNAVAILABLE) return;
  console.error(error.message);
  process.exit(1);
}
