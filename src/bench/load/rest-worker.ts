import type { Worker } from "./carriers.ts";
import { type HttpAnswer, HttpConnection } from "./http-connection.ts";
import type { WorkerOptions } from "./stream-worker.ts";
import { ID_CHARS } from "./task-id-words.ts";
import { isPayload, RESULT_TAG_AT, readTag, taskPayload, taskResult, writeTag } from "./task-payload.ts";

interface Slot {
  readonly connection: HttpConnection;
  readonly name: string;
  claimUs: number;
  /** Tasks whose results are under way; none while it claims. */
  tags: number[];
  busy: boolean;
}

/** Works over HTTP: each connection claims, with a long poll, and then hands in the result. */
export class RestWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #claim: { readonly path: string; readonly body: string };
  readonly #result = taskResult();
  /** As it stands in an answer: JSON text inside of a JSON text. */
  readonly #payload: Buffer;
  /** Where the tag's digits begin in it. */
  readonly #digitsAt: number;
  readonly #slots: Slot[];
  #finishing = false;
  #closed = false;
  #onIdle: () => void = () => undefined;

  constructor(options: WorkerOptions) {
    const { plan, workers } = options;
    this.#options = options;
    this.#payload = Buffer.from(JSON.stringify(taskPayload(plan.payloadBytes).toString("latin1")), "latin1");
    this.#digitsAt = this.#payload.indexOf(TAG_FIELD) + TAG_FIELD.length;
    const fields = `"commands":["${plan.command}"],"leaseSeconds":${workers.leaseSeconds},"waitSeconds":${WAIT_SECONDS}`;
    this.#claim =
      workers.batch > 1
        ? { path: "/v1/codeq/tasks/claim/batch", body: `{${fields},"count":${workers.batch}}` }
        : { path: "/v1/codeq/tasks/claim", body: `{${fields}}` };
    this.#slots = Array.from({ length: workers.slots }, (_, index) => this.#makeSlot(index));
  }

  async connect(): Promise<void> {
    await Promise.all(this.#slots.map(({ connection }) => connection.connect()));
  }

  start(): void {
    for (const slot of this.#slots) this.#ask(slot);
  }

  async finish(withinMs: number): Promise<void> {
    this.#finishing = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    if (this.#slots.every(({ busy }) => !busy)) resolve();
    await Promise.race([promise, Bun.sleep(withinMs)]);
    this.#closed = true;
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.#slots) connection.close();
  }

  #makeSlot(index: number): Slot {
    const { plan, events } = this.#options;
    const slot: Slot = {
      name: `bench-${plan.thread}-${index}`,
      claimUs: 0,
      tags: [],
      busy: false,
      connection: new HttpConnection({
        url: new URL(plan.endpoints.httpUrl),
        token: plan.token,
        onAnswer: (answer) => (slot.tags.length > 0 ? this.#resulted(slot, answer) : this.#claimed(slot, answer)),
        onEnd: (reason) => {
          if (!this.#closed) events.failed(`a worker's connection ended: ${reason}`);
          this.#closed = true;
        },
      }),
    };
    return slot;
  }

  #ask(slot: Slot): void {
    if (this.#finishing) {
      slot.busy = false;
      if (this.#slots.every(({ busy }) => !busy)) this.#onIdle();
      return;
    }
    slot.busy = true;
    slot.claimUs = this.#options.book.clock.nowUs();
    slot.connection.post(this.#claim.path, this.#claim.body);
  }

  #claimed(slot: Slot, { status, bytes, start, end }: HttpAnswer): void {
    const { book, workers } = this.#options;
    book.answered("claim", status);
    if (status !== 200) {
      if (status !== 204)
        book.streamError(`claim: ${status} ${bytes.toString("utf8", start, Math.min(end, start + 200))}`);
      this.#ask(slot);
      return;
    }
    const items: string[] = [];
    const nowUs = book.clock.nowUs();
    // Each task begins with its id, and its payload follows.
    for (let at = bytes.indexOf(ID_FIELD, start); at !== -1 && at < end; at = bytes.indexOf(ID_FIELD, at)) {
      at += ID_FIELD.length;
      const tagAt = bytes.indexOf(TAG_FIELD, at);
      const tag = tagAt === -1 ? -1 : readTag(bytes, tagAt + TAG_FIELD.length);
      const payloadAt = tagAt + TAG_FIELD.length - this.#digitsAt;
      if (tag !== -1 && !isPayload(bytes, payloadAt, payloadAt + this.#payload.length, this.#payload, this.#digitsAt)) {
        book.payloadChanged(`task ${tag} has another payload`);
      }
      if (!book.delivered(tag, bytes, at, attemptsAt(bytes, at), slot.name, slot.claimUs)) continue;
      book.resultSent(tag, nowUs);
      slot.tags.push(tag);
      items.push(bytes.toString("latin1", at, at + ID_CHARS));
    }
    const [only] = items;
    if (only === undefined) this.#ask(slot);
    else if (workers.batch > 1) slot.connection.post("/v1/codeq/tasks/batch/results", this.#batchBody(slot, items));
    else slot.connection.post(`/v1/codeq/tasks/${only}/result`, `{${this.#conclusion(slot.tags[0] ?? 0)}}`);
  }

  #batchBody(slot: Slot, ids: readonly string[]): string {
    const results = ids.map((id, index) => `{"taskId":"${id}",${this.#conclusion(slot.tags[index] ?? 0)}}`);
    return `{"results":[${results.join(",")}]}`;
  }

  #conclusion(tag: number): string {
    writeTag(this.#result, RESULT_TAG_AT, tag);
    return `"status":"COMPLETED","result":${this.#result.toString("latin1")}`;
  }

  #resulted(slot: Slot, { status, bytes, start, end }: HttpAnswer): void {
    const { book, workers } = this.#options;
    const nowUs = book.clock.nowUs();
    book.answered("result", status);
    const text = workers.batch > 1 || status !== 200 ? bytes.toString("utf8", start, end) : "";
    const refusals = workers.batch > 1 && status === 200 ? refusalsIn(text) : [];
    for (const [index, tag] of slot.tags.entries()) {
      const refusal = status === 200 ? refusals[index] : `result: ${status} ${text.slice(0, 200)}`;
      if (refusal === undefined) book.resultAcked(tag, nowUs);
      else book.resultRefused(tag, refusal, nowUs);
    }
    slot.tags = [];
    this.#ask(slot);
  }
}

/** Each item of a batch that was refused has an error where the others have none. */
function refusalsIn(text: string): readonly (string | undefined)[] {
  // The server's own answer; what it lacks is undefined.
  const { results = [] } = JSON.parse(text) as { readonly results?: readonly { readonly error?: string }[] };
  return results.map(({ error }) => error);
}

function attemptsAt(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(ATTEMPTS_FIELD, from);
  return at === -1
    ? 0
    : Number.parseInt(bytes.toString("latin1", at + ATTEMPTS_FIELD.length, at + ATTEMPTS_FIELD.length + 6), 10);
}

/** A claim waits so long for a task; then it asks again. */
const WAIT_SECONDS = 1;
const ID_FIELD = Buffer.from('"id":"');
/** In the payload, which comes as JSON text inside of a JSON text. */
const TAG_FIELD = Buffer.from(String.raw`\"tag\":\"`);
const ATTEMPTS_FIELD = Buffer.from('"attempts":');
