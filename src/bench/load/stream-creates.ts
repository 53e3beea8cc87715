import { BinaryWriter } from "../../../proto/wire.ts";
import type { CreateCarrier, CreateCarrierEvents } from "./carriers.ts";
import { type Delays, delaySecondsOf } from "./delays.ts";
import { GrpcStream } from "./grpc-stream.ts";
import type { LoadPlan } from "./load-plan.ts";
import type { TaskBook } from "./task-book.ts";
import { PAYLOAD_TAG_AT, taskPayload, writeTag } from "./task-payload.ts";
import { WireFields } from "./wire-fields.ts";

export interface CreateCarrierOptions {
  readonly plan: LoadPlan;
  readonly delays: Delays | undefined;
  /** Whether creates go out as batches, even if of one. */
  readonly asBatch: boolean;
  readonly book: TaskBook;
  readonly events: CreateCarrierEvents;
}

/** Creates over one producer stream. */
export class StreamCreates implements CreateCarrier {
  readonly #options: CreateCarrierOptions;
  readonly #payload: Buffer;
  readonly #writer = new BinaryWriter(64 * 1024);
  readonly #fields = new WireFields();
  readonly #acks = new WireFields();
  readonly #ack = new WireFields();
  readonly #connected = Promise.withResolvers<void>();
  /** By tag and by message, each modulo the ring: to which message a create belongs, and how many it still misses. */
  readonly #messageOf = new Int32Array(RING);
  readonly #missing = new Int32Array(RING);
  #messages = 0;
  #stream: GrpcStream | undefined;

  constructor(options: CreateCarrierOptions) {
    this.#options = options;
    this.#payload = taskPayload(options.plan.payloadBytes);
  }

  connect(): Promise<void> {
    const { plan, events } = this.#options;
    this.#stream = new GrpcStream({
      url: plan.endpoints.producerUrl,
      path: "/producerpb.ProducerStream/Stream",
      onMessage: (bytes, start, end) => this.#received(bytes, start, end),
      onEnd: (reason) => {
        this.#connected.reject(new Error(`no producer stream: ${reason ?? "it was closed"}`));
        events.failed(`the producer stream ended: ${reason ?? "closed by the server"}`);
      },
    });
    this.#stream.send(this.#writer.reset().uint32(0x0a).fork().uint32(0x0a).string(plan.token).join().view());
    return this.#connected.promise;
  }

  send(first: number, count: number, intendedUs: number): void {
    const { asBatch, book } = this.#options;
    const message = this.#messages & MASK;
    this.#messages += 1;
    this.#missing[message] = count;
    const writer = this.#writer.reset();
    if (asBatch) writer.uint32(CREATE_BATCH).fork();
    const nowUs = book.clock.nowUs();
    for (let tag = first; tag < first + count; tag += 1) {
      this.#messageOf[tag & MASK] = message;
      writer.uint32(asBatch ? BATCH_TASK : CREATE).fork();
      const delaySeconds = this.#writeTask(writer, tag);
      writer.join();
      book.createSent(tag, intendedUs, nowUs, delaySeconds * 1000);
    }
    if (asBatch) writer.join();
    book.counts.add("createsSent", count);
    this.#stream?.send(writer.view());
  }

  close(): void {
    this.#stream?.close();
  }

  #writeTask(writer: BinaryWriter, tag: number): number {
    const { plan, delays } = this.#options;
    writeTag(this.#payload, PAYLOAD_TAG_AT, tag);
    writer.uint32(0x08).uint32(tag).uint32(0x12).string(plan.command).uint32(0x1a).bytes(this.#payload);
    const delaySeconds = delays === undefined ? 0 : delaySecondsOf(tag, delays);
    if (delaySeconds > 0) writer.uint32(0x48).int32(delaySeconds);
    return delaySeconds;
  }

  #received(bytes: Buffer, start: number, end: number): void {
    const fields = this.#fields.over(bytes, start, end);
    while (fields.next()) {
      if (fields.field === 1) this.#connected.resolve();
      else if (fields.field === 2) this.#acked(bytes, fields.start, fields.end);
      else if (fields.field === 3) this.#options.book.streamError(errorText(bytes, fields.start, fields.end));
      else if (fields.field === 4) {
        const acks = this.#acks.over(bytes, fields.start, fields.end);
        while (acks.next()) this.#acked(bytes, acks.start, acks.end);
      }
    }
  }

  #acked(bytes: Buffer, start: number, end: number): void {
    const { book, events } = this.#options;
    const ack = this.#ack.over(bytes, start, end);
    let tag = 0;
    let ok = 0;
    let idAt = 0;
    let reason = "refused";
    while (ack.next()) {
      if (ack.field === 1) tag = ack.value;
      else if (ack.field === 2) ok = ack.value;
      else if (ack.field === 3) idAt = ack.start;
      else if (ack.field === 4) reason = bytes.toString("utf8", ack.start, ack.end);
    }
    const nowUs = book.clock.nowUs();
    if (ok === 1) book.createAcked(tag, bytes, idAt, nowUs);
    else book.createRefused(tag, reason, nowUs);
    const message = this.#messageOf[tag & MASK] ?? 0;
    const missing = (this.#missing[message] ?? 0) - 1;
    this.#missing[message] = missing;
    if (missing === 0) events.answered();
  }
}

/** For people: the texts of a ServerError, whichever of its two fields holds which. */
export function errorText(bytes: Buffer, start: number, end: number): string {
  const fields = new WireFields().over(bytes, start, end);
  const texts: string[] = [];
  while (fields.next()) texts.push(bytes.toString("utf8", fields.start, fields.end));
  return `the server said: ${texts.join(" ")}`;
}

/** More than can be under way at a time. */
const RING = 2 ** 18;
const MASK = RING - 1;

/** Keys of fields that hold messages. */
const CREATE = 0x12;
const CREATE_BATCH = 0x1a;
const BATCH_TASK = 0x0a;
