import type { CreateTask as CreateMessage } from "../../proto/generated/producer.ts";
import { wholeNumber } from "./bounds.ts";
import { CodeqError } from "./codeq-error.ts";
import type { CommandSchemas, PayloadInput } from "./commands.ts";

export interface TaskOptions {
  /** 0 to 9, higher goes first. Default 0. */
  readonly priority?: number;
  /** Deliveries before the task is dead, at least 1. Default: the server's. */
  readonly maxAttempts?: number;
  /**
   * Creating again with the same key yields the first task, as long as that is kept. Default: a random one, so that a
   * create whose answer got lost can be repeated (see `ProducerOptions.automaticKeys`).
   */
  readonly idempotencyKey?: string;
  /** http or https URL that is told the result. */
  readonly webhook?: string;
  /** The task is not delivered earlier. Not together with `delaySeconds`. */
  readonly runAt?: Date;
  /** Whole seconds before the task may be delivered. */
  readonly delaySeconds?: number;
  /** W3C `traceparent` of what creates the task: a server that traces puts the task into that trace. */
  readonly traceParent?: string;
  /** W3C `tracestate` that goes with it. */
  readonly traceState?: string;
}

/** A task to create. The payload may be any JSON value; with schemas, what the command's schema takes. */
export type NewTask<Schemas extends CommandSchemas = CommandSchemas> = {
  readonly [Command in keyof Schemas & string]: TaskOptions & {
    /** The lane. Case does not matter, the spelling is kept. */
    readonly command: Command;
    readonly payload: PayloadInput<Schemas, Command>;
  };
}[keyof Schemas & string];

const INT32_MAX = 2 ** 31 - 1;

/** @param task checked by `checkTask`. @throws CodeqError INVALID_ARGUMENT, INVALID_PAYLOAD */
export function createMessage(task: NewTask, seq: number, idempotencyKey: string): CreateMessage {
  const { command, priority = 0, maxAttempts, webhook = "", runAt, delaySeconds = 0 } = task;
  const { traceParent = "", traceState = "" } = task;
  return {
    seq: BigInt(seq),
    command,
    payload: jsonBytes(task.payload, "the payload"),
    priority: wholeNumber("priority", priority, 0, 9),
    webhook,
    maxAttempts: maxAttempts === undefined ? 0 : wholeNumber("maxAttempts", maxAttempts, 1, INT32_MAX),
    idempotencyKey,
    runAt,
    delaySeconds: wholeNumber("delaySeconds", delaySeconds, 0, INT32_MAX),
    traceParent,
    traceState,
  };
}

/** What the message takes in a batch, at most. */
export function messageBytes(message: CreateMessage): number {
  const { command, payload, webhook, idempotencyKey, traceParent, traceState } = message;
  const units = command.length + webhook.length + idempotencyKey.length + traceParent.length + traceState.length;
  return payload.length + units * 3 + FIXED_BYTES;
}

/** Numbers and times, and the tags and lengths of everything. */
const FIXED_BYTES = 96;

/** @throws CodeqError INVALID_PAYLOAD for what JSON cannot express */
function jsonBytes(value: unknown, what: string): Uint8Array {
  return Buffer.from(jsonText(value, what));
}

/** @throws CodeqError INVALID_PAYLOAD for what JSON cannot express */
export function jsonText(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    // Undefined for undefined, functions and symbols, whatever the declaration says.
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodeqError("INVALID_PAYLOAD", `${what} is not JSON: ${reason}`, { cause: error });
  }
  if (text === undefined) throw new CodeqError("INVALID_PAYLOAD", `${what} is ${typeof value}, which is not JSON`);
  return text;
}
