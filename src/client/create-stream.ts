import {
  type CreateAck,
  type CreateTask as CreateMessage,
  ProducerEvent,
  ServerEvent,
} from "../../proto/generated/producer.ts";
import { CodeqError, serverErrorCode } from "./codeq-error.ts";
import type { Connection } from "./connection-options.ts";
import { CreateBacklog, type Created, type PendingCreate } from "./create-backlog.ts";
import { createMessage, messageBytes, type NewTask } from "./new-task.ts";
import type { ProducerLimits } from "./producer-options.ts";
import { StreamLink } from "./stream-link.ts";
import { checkTask } from "./task-check.ts";

/** Refusals that say "not now". After `COMMIT_UNKNOWN` the task may be there. */
const RETRIED: ReadonlySet<string> = new Set(["UNAVAILABLE", "COMMIT_UNKNOWN", "RATE_LIMITED"]);
const RETRY_MS = 100;

/** The creates of one producer on their way: what waits, what was sent, and what becomes of it when a stream breaks. */
export class CreateStream {
  readonly #connection: Connection;
  readonly #limits: ProducerLimits;
  readonly #link: StreamLink;
  readonly #backlog = new CreateBacklog();
  readonly #keyPrefix: string;
  #nextSeq = 1;
  #flushScheduled = false;
  #cancelLinger: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelUnreachable: (() => void) | undefined;
  /** Why there is no connection. */
  #lastError: CodeqError | undefined;
  #closing: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  readonly #onRoom: (() => void)[] = [];
  readonly #onConnected: { readonly resolve: () => void; readonly reject: (error: CodeqError) => void }[] = [];

  constructor(connection: Connection, limits: ProducerLimits) {
    this.#connection = connection;
    this.#limits = limits;
    this.#keyPrefix = `auto-${globalThis.crypto.randomUUID()}-`;
    this.#link = new StreamLink(connection, {
      path: "/producerpb.ProducerStream/Stream",
      hello: (token) => ProducerEvent.encode({ event: { $case: "hello", value: { token } } }).finish(),
      greeted: (message) => this.#greeted(message),
      received: (message) => this.#received(message),
      writable: () => this.#flush(),
      lost: (error) => this.#lost(error),
      refused: (error) => this.#failAll(error),
      ended: () => this.#closing?.(),
    });
  }

  get pending(): number {
    return this.#backlog.size;
  }

  get pendingMax(): number {
    return this.#limits.pendingMax;
  }

  get hasRoom(): boolean {
    return this.#backlog.size < this.#limits.pendingMax && this.#backlog.bytes < this.#limits.pendingBytesMax;
  }

  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom.push(resolve);
    });
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) reject(closedError());
      else if (this.#link.connected) resolve();
      else {
        this.#onConnected.push({ resolve, reject });
        this.#open();
      }
    });
  }

  create(task: NewTask): Promise<Created> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) throw closedError();
      checkTask(task);
      const { pendingMax, pendingBytesMax, automaticKeys, batchBytesMax } = this.#limits;
      if (!this.hasRoom) {
        const { size, bytes } = this.#backlog;
        const bounds = `limits ${pendingMax} and ${pendingBytesMax}`;
        throw new CodeqError(
          "BUFFER_FULL",
          `${size} tasks of ${bytes} bytes wait for their acknowledgement (${bounds})`,
        );
      }
      const seq = this.#nextSeq;
      const ownKey = automaticKeys && task.idempotencyKey === undefined;
      const key = ownKey ? this.#keyPrefix + seq : (task.idempotencyKey ?? "");
      const message = createMessage(task, seq, key);
      const bytes = messageBytes(message);
      if (bytes > batchBytesMax) {
        throw new CodeqError("PAYLOAD_TOO_LARGE", `a task of ${bytes} bytes is over the limit of ${batchBytesMax}`);
      }
      this.#nextSeq += 1;
      this.#backlog.add({
        message,
        bytes,
        repeatable: key !== "",
        ownKey,
        sends: 0,
        maybeStored: false,
        resolve,
        reject,
      });
      this.#schedule();
    });
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#connection.timing.after(graceMs, resolve);
      this.#closing = () => {
        cancel();
        resolve();
      };
      this.#closeIfDone();
      this.#flush();
    });
    this.#link.close();
    this.#failAll(closedError());
    this.#cancelTimers();
  }

  #cancelTimers(): void {
    this.#cancelLinger?.();
    this.#cancelRetry?.();
    this.#cancelUnreachable?.();
    this.#cancelUnreachable = undefined;
  }

  #closeIfDone(): void {
    if (this.#closing === undefined || this.pending > 0) return;
    if (this.#link.connected) this.#link.endWriting();
    else this.#closing();
  }

  #open(): void {
    this.#link.open();
    const { unreachableMsMax } = this.#limits;
    if (this.#cancelUnreachable !== undefined || unreachableMsMax === Number.POSITIVE_INFINITY) return;
    this.#cancelUnreachable = this.#connection.timing.after(unreachableMsMax, () => {
      this.#cancelUnreachable = undefined;
      const { address } = this.#connection;
      // The next create tries again.
      this.#link.close();
      const cause = this.#lastError;
      const reason = cause === undefined ? "" : `: ${cause.message}`;
      const message = `no connection to ${address} for ${unreachableMsMax} ms${reason}`;
      this.#failAll(new CodeqError("UNREACHABLE", message, { cause }));
    });
  }

  #schedule(): void {
    if (!this.#link.connected) {
      this.#open();
      return;
    }
    const { lingerMs, batchMax } = this.#limits;
    if (this.#flushScheduled) return;
    if (lingerMs === 0 || this.#backlog.waiting >= batchMax) {
      this.#flushScheduled = true;
      // What comes up in the same turn goes along.
      queueMicrotask(() => this.#flush());
      return;
    }
    this.#cancelLinger ??= this.#connection.timing.after(lingerMs, () => this.#flush());
  }

  #flush(): void {
    this.#flushScheduled = false;
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    // The connection is busy: what gathers meanwhile goes out in one message when it is not.
    if (!this.#link.idle) return;
    const tasks = this.#backlog.take(this.#limits.batchMax, this.#limits.batchBytesMax);
    const [first] = tasks;
    if (first !== undefined) this.#link.send(encodeCreates(tasks, first));
  }

  #greeted(message: Buffer): void {
    const { event } = ServerEvent.decode(message);
    if (event?.$case !== "helloAck") throw new TypeError(`the first one is ${event?.$case ?? "empty"}`);
    this.#cancelUnreachable?.();
    this.#cancelUnreachable = undefined;
    this.#lastError = undefined;
    for (const { resolve } of this.#onConnected.splice(0)) resolve();
    this.#flush();
    this.#closeIfDone();
  }

  #received(message: Buffer): void {
    const { event } = ServerEvent.decode(message);
    switch (event?.$case) {
      case "createAck":
        this.#acknowledged(event.value);
        break;
      case "createAckBatch":
        for (const ack of event.value.acks) this.#acknowledged(ack);
        break;
      case "error":
        throw new TypeError(`${event.value.code}: ${event.value.message}`);
      case "helloAck":
      case undefined:
        throw new TypeError(`${event?.$case ?? "unknown"} is not expected here`);
    }
    this.#madeRoom();
    // Something may have waited for just this answer.
    if (this.#backlog.waiting > 0 && this.#cancelLinger === undefined) this.#flush();
    this.#closeIfDone();
  }

  #acknowledged(ack: CreateAck): void {
    const create = this.#backlog.answered(Number(ack.seq));
    if (create === undefined) return;
    if (ack.ok) {
      create.resolve({ id: ack.taskId, replayed: ack.replayed && !create.ownKey });
      return;
    }
    const refusal = new CodeqError(serverErrorCode(ack.errorCode), ack.errorMessage);
    const { code } = refusal;
    const repeatable = create.repeatable || code !== "COMMIT_UNKNOWN";
    if (RETRIED.has(code) && repeatable && create.sends < this.#limits.sendsMax) {
      create.maybeStored ||= code === "COMMIT_UNKNOWN";
      this.#retryLater(create);
    } else if (RETRIED.has(code) && create.maybeStored) create.reject(unknownError(refusal));
    else create.reject(refusal);
  }

  #retryLater(create: PendingCreate): void {
    this.#backlog.postpone(create);
    const { timing } = this.#connection;
    this.#cancelRetry ??= timing.after(RETRY_MS * (1 + timing.random()), () => {
      this.#cancelRetry = undefined;
      this.#backlog.resume();
      this.#schedule();
    });
  }

  #lost(error: CodeqError): void {
    const { sendsMax } = this.#limits;
    const lost = this.#backlog.reopen(({ repeatable, sends }) => repeatable && sends < sendsMax);
    this.#lastError = error;
    for (const { reject } of lost) reject(unknownError(error));
    this.#madeRoom();
    this.#open();
    if (this.#closing !== undefined && this.pending === 0) this.#closing();
  }

  /** No answer will come. */
  #failAll(error: CodeqError): void {
    this.#cancelUnreachable?.();
    this.#cancelUnreachable = undefined;
    for (const { maybeStored, reject } of this.#backlog.clear()) reject(maybeStored ? unknownError(error) : error);
    for (const { reject } of this.#onConnected.splice(0)) reject(error);
    for (const resolve of this.#onRoom.splice(0)) resolve();
    this.#closing?.();
  }

  #madeRoom(): void {
    if (this.#onRoom.length === 0 || !this.hasRoom) return;
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }
}

function encodeCreates(tasks: CreateMessage[], first: CreateMessage): Buffer {
  const event: ProducerEvent =
    tasks.length === 1
      ? { event: { $case: "create", value: first } }
      : { event: { $case: "createBatch", value: { tasks } } };
  return ProducerEvent.encode(event).finish();
}

function unknownError(cause: CodeqError): CodeqError {
  return new CodeqError("OUTCOME_UNKNOWN", `never answered: ${cause.message}`, { cause });
}

function closedError(): CodeqError {
  return new CodeqError("CLOSED", "the producer is closed");
}
