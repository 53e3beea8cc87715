import type { ServerEvent } from "../../../proto/generated/producer.ts";
import type { Caller } from "../auth/principal.ts";
import type { CreateTask } from "../queue/admission.ts";
import type { CreatedTask } from "../queue/created-task.ts";
import { type Outcome, refused } from "../queue/errors.ts";
import { AckLine } from "./ack-line.ts";
import { CreateAcks } from "./create-acks.ts";
import type { CreateRequest } from "./create-request.ts";
import type { Dialogue } from "./dialogue.ts";
import { outageOf } from "./outage.ts";
import { giveOutcomes } from "./outcomes.ts";
import { readProducerInput } from "./producer-input.ts";
import { RateGate } from "./rate-gate.ts";
import type { ServiceOptions } from "./service-options.ts";
import type { StreamSession } from "./stream-session.ts";

/** Creates what a producer asks for. Tasks that arrive together, in one message or several, are created in one call. */
export class ProducerDialogue implements Dialogue {
  readonly waiting = 0;
  readonly owed = false;
  readonly #options: ServiceOptions;
  readonly #tenant: string;
  readonly #session: StreamSession;
  readonly #acks: AckLine<CreateRequest>;
  readonly #gate: RateGate<Buffer> | undefined;
  #requests: CreateRequest[] = [];
  /** Made once: it is needed for each message. */
  readonly #createLater = (): void => void this.#create().catch(this.#fail);
  readonly #fail = (error: unknown): void => this.#session.fail(error);

  constructor(options: ServiceOptions, caller: Caller, digest: Buffer, session: StreamSession) {
    this.#options = options;
    this.#tenant = caller.tenant;
    this.#session = session;
    const { rates, schedule, queue } = options;
    this.#acks = new AckLine(session, (answers, asBatch) => new CreateAcks(answers, asBatch, queue));
    if (rates.producer !== undefined) {
      const handle = (message: Buffer): void => this.#handle(message);
      this.#gate = new RateGate({ rate: rates.producer, digest, schedule, session, handle });
    }
  }

  /** A message that is held up is the last one that is read. */
  get full(): boolean {
    return this.#gate !== undefined && this.#gate.held > 0;
  }

  get finishing(): boolean {
    return this.full;
  }

  received(message: Buffer): void {
    if (this.#gate === undefined) this.#handle(message);
    else this.#gate.pass(message);
  }

  #handle(message: Buffer): void {
    const input = readProducerInput(message, this.#options.limits.jsonDepthMax);
    switch (input?.kind) {
      case "creates":
        if (input.asBatch) this.#takeBatch(input.value);
        else this.#take(input.value);
        break;
      case "hello":
        this.#refuse("FailedPrecondition", "already-authenticated");
        break;
      case undefined:
        this.#refuse("InvalidArgument", "unknown-event");
    }
  }

  writable(): void {
    this.#acks.send();
  }

  /** Tasks that were asked for are created and acknowledged, but for those of a message that is held up. */
  stop(): void {
    this.#gate?.close();
  }

  finish(): void {
    // A message that is held up is handled in its time.
  }

  #takeBatch(requests: readonly CreateRequest[]): void {
    const { batchMax } = this.#options.limits;
    if (requests.length === 0) {
      this.#session.writer.send({ event: { $case: "createAckBatch", value: { acks: [] } } } satisfies ServerEvent);
      return;
    }
    this.#acks.expectBatch();
    if (requests.length <= batchMax) {
      this.#take(requests);
      return;
    }
    const refusal = refused("INVALID_ARGUMENT", `batch size exceeds maximum of ${batchMax}`);
    for (const request of requests) request.outcome = refusal;
    this.#session.begin(requests.length);
    this.#acks.add(requests);
  }

  #take(requests: readonly CreateRequest[]): void {
    this.#session.begin(requests.length);
    if (this.#requests.length === 0) queueMicrotask(this.#createLater);
    for (const request of requests) this.#requests.push(request);
  }

  async #create(): Promise<void> {
    const requests = this.#requests;
    this.#requests = [];
    this.#options.observer.batch("create", requests.length);
    const readable = requests.filter(({ outcome }) => outcome === undefined);
    giveOutcomes(readable, await this.#createReadable(readable));
    this.#acks.add(requests);
  }

  /** An outage becomes each task's refusal. */
  async #createReadable(tasks: readonly CreateTask[]): Promise<readonly Outcome<CreatedTask>[]> {
    if (tasks.length === 0) return [];
    try {
      return await this.#options.queue.create(this.#tenant, tasks);
    } catch (error) {
      const outage = outageOf(error, this.#options.log);
      return tasks.map(() => outage);
    }
  }

  #refuse(code: string, message: string): void {
    this.#session.writer.send({ event: { $case: "error", value: { code, message } } } satisfies ServerEvent);
  }
}
