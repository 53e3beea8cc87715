import type { Task as TaskMessage } from "../../proto/generated/worker.ts";
import type { CommandSchemas, PayloadOutput } from "./commands.ts";

/** A task in the hands of a worker. With schemas, `command` tells the type of `payload`. */
export type TaskOf<Schemas extends CommandSchemas> = {
  readonly [Command in keyof Schemas & string]: ReceivedTask<Command, PayloadOutput<Schemas, Command>>;
}[keyof Schemas & string];

export class ReceivedTask<Command extends string = string, Payload = unknown> {
  /** As the schemas spell it; without schemas as the producer did. */
  readonly command: Command;
  /** Parsed, and with a schema what that makes of it. */
  readonly payload: Payload;
  readonly #message: TaskMessage;
  readonly #signal: () => AbortSignal;

  constructor(message: TaskMessage, command: Command, payload: Payload, signal: () => AbortSignal) {
    this.#message = message;
    this.command = command;
    this.payload = payload;
    this.#signal = signal;
  }

  get id(): string {
    return this.#message.id;
  }

  /** The payload as JSON text, exactly as the producer sent it. */
  get payloadText(): string {
    return payloadText(this.#message);
  }

  /** Deliveries so far, this one included. */
  get attempts(): number {
    return this.#message.attempts;
  }

  /** The last delivery is the one with so many attempts. */
  get maxAttempts(): number {
    return this.#message.maxAttempts;
  }

  /** 0 to 9. */
  get priority(): number {
    return this.#message.priority;
  }

  get tenantId(): string {
    return this.#message.tenantId;
  }

  /** Undefined when nobody is told the result. */
  get webhook(): string | undefined {
    return this.#message.webhook === "" ? undefined : this.#message.webhook;
  }

  /** W3C `traceparent` to go on with; undefined unless the server traces. */
  get traceParent(): string | undefined {
    return this.#message.traceParent === "" ? undefined : this.#message.traceParent;
  }

  /** W3C `tracestate` that goes with it. */
  get traceState(): string | undefined {
    return this.#message.traceState === "" ? undefined : this.#message.traceState;
  }

  get createdAt(): Date {
    return this.#message.createdAt ?? new Date(0);
  }

  /** When this delivery began, by the server's clock. */
  get claimedAt(): Date {
    return this.#message.updatedAt ?? new Date(0);
  }

  /**
   * Aborts when the task is no longer ours: its lease was lost (`LEASE_LOST`), or the worker closes and waited long
   * enough (`CLOSED`). Whatever the handler returns then is not sent.
   */
  get signal(): AbortSignal {
    return this.#signal();
  }
}

export function payloadText({ payload }: TaskMessage): string {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
  return bytes.toString("utf8");
}
