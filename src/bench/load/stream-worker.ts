import { BinaryWriter } from "../../../proto/wire.ts";
import type { Worker, WorkerEvents } from "./carriers.ts";
import { GrpcStream } from "./grpc-stream.ts";
import type { LoadPlan, WorkerPlan } from "./load-plan.ts";
import { NumberQueue } from "./number-queue.ts";
import { ResultRing } from "./result-ring.ts";
import { errorText } from "./stream-creates.ts";
import type { TaskBook } from "./task-book.ts";
import { ID_CHARS } from "./task-id-words.ts";
import {
  isPayload,
  PAYLOAD_TAG_AT,
  RESULT_TAG_AT,
  readTag,
  taskPayload,
  taskResult,
  writeTag,
} from "./task-payload.ts";
import { WireFields } from "./wire-fields.ts";

export interface WorkerOptions {
  readonly plan: LoadPlan;
  readonly workers: WorkerPlan;
  readonly book: TaskBook;
  readonly events: WorkerEvents;
}

/**
 * One worker stream. Each of its slots asks for tasks with a Ready, answers them at once with their results, and asks
 * again without waiting for the acks of these.
 */
export class StreamWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #name: string;
  readonly #payload: Buffer;
  readonly #writer = new BinaryWriter(64 * 1024);
  readonly #result = taskResult();
  readonly #fields = new WireFields();
  readonly #items = new WireFields();
  readonly #item = new WireFields();
  readonly #connected = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  /** When the Readys were sent that have no answer yet, in their order. */
  readonly #readys = new NumberQueue();
  readonly #results: ResultRing;
  #stream: GrpcStream | undefined;
  #finishing = false;
  /** From then on nothing can be sent: what still comes stays unfinished. */
  #closed = false;
  #lastMessageMs = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#name = `bench-${options.plan.thread}`;
    this.#payload = taskPayload(options.plan.payloadBytes);
    this.#results = new ResultRing(options.book.rows);
  }

  connect(): Promise<void> {
    const { plan, events } = this.#options;
    this.#stream = new GrpcStream({
      url: plan.endpoints.workerUrl,
      path: "/workerpb.WorkerStream/Stream",
      onMessage: (bytes, start, end) => this.#received(bytes, start, end),
      onEnd: (reason) => {
        this.#connected.reject(new Error(`no worker stream: ${reason ?? "it was closed"}`));
        this.#ended.resolve();
        if (!this.#finishing || reason !== undefined) {
          events.failed(`the worker stream ended: ${reason ?? "closed by the server"}`);
        }
      },
    });
    const hello = this.#writer.reset().uint32(0x0a).fork().uint32(0x0a).string(plan.token);
    this.#stream.send(hello.uint32(0x12).string(this.#name).join().view());
    return this.#connected.promise;
  }

  start(): void {
    for (let slot = 0; slot < this.#options.workers.slots; slot += 1) this.#ready();
  }

  async finish(withinMs: number): Promise<void> {
    this.#finishing = true;
    const untilMs = performance.now() + withinMs;
    while (!this.#settled() && performance.now() < untilMs) await Bun.sleep(SETTLE_STEP_MS);
    this.#closed = true;
    this.#stream?.halfClose();
    await Promise.race([this.#ended.promise, Bun.sleep(Math.max(0, untilMs - performance.now()))]);
  }

  close(): void {
    this.#stream?.close();
  }

  #ready(): void {
    const { plan, workers, book } = this.#options;
    const ready = this.#writer.reset().uint32(0x12).fork().uint32(0x0a).string(plan.command);
    ready.uint32(0x10).int32(workers.leaseSeconds).uint32(0x18).int32(workers.batch);
    this.#readys.push(book.clock.nowUs());
    this.#stream?.send(ready.join().view());
  }

  #received(bytes: Buffer, start: number, end: number): void {
    const { book } = this.#options;
    this.#lastMessageMs = performance.now();
    const fields = this.#fields.over(bytes, start, end);
    while (fields.next()) {
      switch (fields.field) {
        case 1:
          this.#connected.resolve();
          break;
        case 2:
        case 8:
          this.#assigned(bytes, fields.start, fields.end);
          break;
        case 3:
          this.#acked(bytes, fields.start, fields.end);
          break;
        case 9: {
          const acks = this.#items.over(bytes, fields.start, fields.end);
          while (acks.next()) this.#acked(bytes, acks.start, acks.end);
          break;
        }
        case 7:
          book.streamError(errorText(bytes, fields.start, fields.end));
          break;
        default:
          book.streamError(`an event of kind ${fields.field} that nobody asked for`);
      }
    }
  }

  /** A TaskAssignment or a TaskBatch: in both, field 1 is a task. */
  #assigned(bytes: Buffer, start: number, end: number): void {
    const { workers, book } = this.#options;
    const claimUs = this.#readys.shift() ?? 0;
    const asBatch = workers.batch > 1;
    const writer = this.#writer.reset();
    if (asBatch) writer.uint32(RESULT_BATCH).fork();
    const tasks = this.#items.over(bytes, start, end);
    const nowUs = book.clock.nowUs();
    let results = 0;
    while (tasks.next()) {
      if (!this.#writeResult(writer, bytes, tasks.start, tasks.end, claimUs, nowUs)) continue;
      results += 1;
      if (asBatch) continue;
      this.#stream?.send(writer.view());
      writer.reset();
    }
    if (asBatch && results > 0) this.#stream?.send(writer.join().view());
    if (!this.#finishing) this.#ready();
  }

  /** @returns false for a task that is not ours, or has come too late */
  #writeResult(
    writer: BinaryWriter,
    bytes: Buffer,
    start: number,
    end: number,
    claimUs: number,
    nowUs: number,
  ): boolean {
    const { workers, book } = this.#options;
    const task = this.#item.over(bytes, start, end);
    let idAt = 0;
    let tag = -1;
    let attempts = 0;
    while (task.next()) {
      if (task.field === 1) idAt = task.start;
      else if (task.field === 10) attempts = task.value;
      else if (task.field === 3) {
        tag = readTag(bytes, task.start + PAYLOAD_TAG_AT);
        const length = task.end - task.start;
        if (!isPayload(bytes, task.start, task.end, this.#payload, PAYLOAD_TAG_AT)) {
          book.payloadChanged(`task ${tag} has another payload, of ${length} bytes`);
        }
      }
    }
    if (!book.delivered(tag, bytes, idAt, attempts, this.#name, claimUs) || this.#closed) return false;
    writeTag(this.#result, RESULT_TAG_AT, tag);
    writer.uint32(workers.batch > 1 ? BATCH_RESULT : RESULT).fork();
    writer.uint32(0x0a).bytes(bytes.subarray(idAt, idAt + ID_CHARS));
    writer.uint32(0x12).string("COMPLETED").uint32(0x1a).bytes(this.#result).join();
    book.resultSent(tag, nowUs);
    this.#results.sent(tag);
    return true;
  }

  #acked(bytes: Buffer, start: number, end: number): void {
    const { book } = this.#options;
    const ack = this.#item.over(bytes, start, end);
    let idAt = 0;
    let ok = 0;
    let reason = "refused";
    while (ack.next()) {
      if (ack.field === 1) idAt = ack.start;
      else if (ack.field === 2) ok = ack.value;
      else if (ack.field === 3) reason = bytes.toString("utf8", ack.start, ack.end);
    }
    const tag = this.#results.answered(bytes, idAt);
    const id = (): string => bytes.toString("latin1", idAt, idAt + ID_CHARS);
    if (tag === undefined) book.resultAckUnknown(`an ack for task ${id()}, whose result is not under way`);
    else if (ok === 1) book.resultAcked(tag, book.clock.nowUs());
    else book.resultRefused(tag, `the result of task ${id()} was refused: ${reason}`, book.clock.nowUs());
  }

  /** Readys that are left waiting at an empty queue are no work under way. */
  #settled(): boolean {
    if (this.#results.waiting > 0) return false;
    return this.#readys.size === 0 || performance.now() - this.#lastMessageMs > SILENCE_MS;
  }
}

const SETTLE_STEP_MS = 5;
const SILENCE_MS = 100;

/** Keys of fields that hold messages. */
const RESULT = 0x1a;
const RESULT_BATCH = 0x3a;
const BATCH_RESULT = 0x0a;
