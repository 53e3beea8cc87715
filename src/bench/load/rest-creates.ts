import type { CreateCarrier } from "./carriers.ts";
import { delaySecondsOf } from "./delays.ts";
import { type HttpAnswer, HttpConnection } from "./http-connection.ts";
import type { CreateCarrierOptions } from "./stream-creates.ts";
import { PAYLOAD_TAG_AT, taskPayload, writeTag } from "./task-payload.ts";

interface Slot {
  readonly connection: HttpConnection;
  first: number;
  count: number;
}

/** Creates over HTTP, one request at a time on each of so many connections. */
export class RestCreates implements CreateCarrier {
  readonly #options: CreateCarrierOptions;
  readonly #payload: Buffer;
  readonly #free: Slot[] = [];
  readonly #all: Slot[] = [];
  #failed = false;

  /** @param connections as many as requests may be under way */
  constructor(options: CreateCarrierOptions, connections: number) {
    this.#options = options;
    this.#payload = taskPayload(options.plan.payloadBytes);
    for (let index = 0; index < connections; index += 1) this.#addSlot();
  }

  async connect(): Promise<void> {
    await Promise.all(this.#all.map(({ connection }) => connection.connect()));
  }

  send(first: number, count: number, intendedUs: number): void {
    const { book, asBatch } = this.#options;
    const slot = this.#free.pop();
    if (slot === undefined) throw new RangeError("more requests under way than connections");
    slot.first = first;
    slot.count = count;
    const nowUs = book.clock.nowUs();
    const bodies: string[] = [];
    for (let tag = first; tag < first + count; tag += 1) bodies.push(this.#bodyOf(tag, intendedUs, nowUs));
    book.counts.add("createsSent", count);
    if (asBatch) slot.connection.post("/v1/codeq/tasks/batch", `{"tasks":[${bodies.join(",")}]}`);
    else slot.connection.post("/v1/codeq/tasks", bodies[0] ?? "");
  }

  close(): void {
    for (const { connection } of this.#all) connection.close();
  }

  #addSlot(): void {
    const { plan, events } = this.#options;
    const slot: Slot = {
      first: 0,
      count: 0,
      connection: new HttpConnection({
        url: new URL(plan.endpoints.httpUrl),
        token: plan.token,
        onAnswer: (answer) => this.#answered(slot, answer),
        onEnd: (reason) => {
          if (!this.#failed) events.failed(`a producer's connection ended: ${reason}`);
          this.#failed = true;
        },
      }),
    };
    this.#all.push(slot);
    this.#free.push(slot);
  }

  #bodyOf(tag: number, intendedUs: number, nowUs: number): string {
    const { plan, delays, book } = this.#options;
    const delaySeconds = delays === undefined ? 0 : delaySecondsOf(tag, delays);
    book.createSent(tag, intendedUs, nowUs, delaySeconds * 1000);
    writeTag(this.#payload, PAYLOAD_TAG_AT, tag);
    const delay = delaySeconds === 0 ? "" : `,"delaySeconds":${delaySeconds}`;
    return `{"command":"${plan.command}","payload":${this.#payload.toString("latin1")}${delay}}`;
  }

  #answered(slot: Slot, answer: HttpAnswer): void {
    const { book, asBatch, events } = this.#options;
    const { first, count } = slot;
    const { status, bytes, start, end } = answer;
    const nowUs = book.clock.nowUs();
    book.answered("create", status);
    if (status !== 202 && !(asBatch && status === 200)) {
      const text = `create: ${status} ${bytes.toString("utf8", start, Math.min(end, start + 200))}`;
      for (let tag = first; tag < first + count; tag += 1) book.createRefused(tag, text, nowUs);
    } else if (asBatch) this.#readBatch(first, count, bytes.toString("utf8", start, end), nowUs);
    else {
      const idAt = bytes.indexOf(ID_FIELD, start);
      if (idAt === -1) book.createRefused(first, "create: an answer without an id", nowUs);
      else book.createAcked(first, bytes, idAt + ID_FIELD.length, nowUs);
    }
    this.#free.push(slot);
    events.answered();
  }

  #readBatch(first: number, count: number, text: string, nowUs: number): void {
    const { book } = this.#options;
    // The server's own answer; what it lacks is undefined.
    const { results = [] } = JSON.parse(text) as { readonly results?: readonly BatchAnswer[] };
    for (let index = 0; index < count; index += 1) {
      const { task, error } = results[index] ?? {};
      if (task === undefined) book.createRefused(first + index, `create: ${error ?? "no answer"}`, nowUs);
      else book.createAcked(first + index, Buffer.from(task.id, "latin1"), 0, nowUs);
    }
  }
}

interface BatchAnswer {
  readonly task?: { readonly id: string };
  readonly error?: string;
}

const ID_FIELD = Buffer.from('"id":"');
