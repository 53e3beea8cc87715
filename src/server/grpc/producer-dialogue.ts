import {
  type CreateTask as CreateMessage,
  ProducerEvent,
  type ServerEvent,
} from "../../../proto/generated/producer.ts";
import type { Caller } from "../auth/principal.ts";
import type { CreateTask } from "../queue/admission.ts";
import type { CreatedTask } from "../queue/created-task.ts";
import { type Outcome, refused } from "../queue/errors.ts";
import { AckLine } from "./ack-line.ts";
import { CreateAcks, type CreateAnswer } from "./create-acks.ts";
import { createRequestOf } from "./create-request.ts";
import type { Dialogue } from "./dialogue.ts";
import { outageOf } from "./outage.ts";
import { RateGate } from "./rate-gate.ts";
import type { ServiceOptions } from "./service-options.ts";
import type { StreamSession } from "./stream-session.ts";
import { readMessage } from "./unreadable-message.ts";

/** Creates what a producer asks for. Tasks that arrive together, in one message or several, are created in one call. */
export class ProducerDialogue implements Dialogue {
  readonly waiting = 0;
  readonly owed = false;
  readonly #options: ServiceOptions;
  readonly #tenant: string;
  readonly #session: StreamSession;
  readonly #acks: AckLine<CreateAnswer>;
  readonly #gate: RateGate | undefined;
  #creates: CreateMessage[] = [];

  constructor(options: ServiceOptions, caller: Caller, digest: Buffer, session: StreamSession) {
    this.#options = options;
    this.#tenant = caller.tenant;
    this.#session = session;
    const { rates, schedule, queue } = options;
    this.#acks = new AckLine(session, (answers, asBatch) => new CreateAcks(answers, asBatch, queue));
    if (rates.producer !== undefined) {
      const onPassed = (): void => session.settled();
      const onError = (error: unknown): void => session.fail(error);
      this.#gate = new RateGate({ rate: rates.producer, digest, schedule, onPassed, onError });
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
    else this.#gate.pass(() => this.#handle(message));
  }

  #handle(message: Buffer): void {
    const { event } = readProducerEvent(message);
    switch (event?.$case) {
      case "create":
        this.#take([event.value]);
        break;
      case "createBatch":
        this.#takeBatch(event.value.tasks);
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

  #takeBatch(tasks: readonly CreateMessage[]): void {
    const { batchMax } = this.#options.limits;
    if (tasks.length === 0) {
      this.#session.writer.send({ event: { $case: "createAckBatch", value: { acks: [] } } } satisfies ServerEvent);
      return;
    }
    this.#acks.expectBatch();
    if (tasks.length <= batchMax) {
      this.#take(tasks);
      return;
    }
    const refusal = refused("INVALID_ARGUMENT", `batch size exceeds maximum of ${batchMax}`);
    this.#session.begin(tasks.length);
    this.#acks.add(tasks.map(({ seq }) => ({ seq, outcome: refusal })));
  }

  #take(tasks: readonly CreateMessage[]): void {
    this.#session.begin(tasks.length);
    if (this.#creates.length === 0) {
      queueMicrotask(() => void this.#create().catch((error: unknown) => this.#session.fail(error)));
    }
    for (const task of tasks) this.#creates.push(task);
  }

  async #create(): Promise<void> {
    const messages = this.#creates;
    this.#creates = [];
    this.#options.observer.batch("create", messages.length);
    const { jsonDepthMax } = this.#options.limits;
    const requests = messages.map((message) => createRequestOf(message, jsonDepthMax));
    const readable: CreateTask[] = [];
    for (const request of requests) if (request.ok) readable.push(request.value);
    const answers = await this.#createReadable(readable);
    let next = 0;
    this.#acks.add(
      messages.map(({ seq }, index) => {
        const request = requests[index];
        return { seq, outcome: request?.ok === true ? answers[next++] : request };
      }),
    );
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

/** @throws UnreadableMessage */
export function readProducerEvent(message: Buffer): ProducerEvent {
  return readMessage((bytes) => ProducerEvent.decode(bytes), message, "producerpb.ProducerEvent");
}
