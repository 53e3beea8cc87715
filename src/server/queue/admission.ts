import { CodeqError } from "./errors.ts";
import type { QueuePolicy } from "./policy.ts";
import type { NewTask } from "./store.ts";
import { PRIORITY_MAX, type TaskKey, type TraceContext } from "./task.ts";
import { overBound } from "./text-bound.ts";

/** A task as a producer asks for it, on any transport. */
export interface CreateTask {
  readonly command: string;
  /** Valid JSON text; kept byte for byte. */
  readonly payload: string;
  /** Clamped to 0..9; 0 when undefined. */
  readonly priority: number | undefined;
  readonly webhook: string | undefined;
  /** Kept with the task. Set where traces are recorded, and not by clients. */
  readonly trace?: TraceContext | undefined;
  /** The default when undefined or not positive. */
  readonly maxAttempts: number | undefined;
  /** Unique per tenant for as long as the task lives. */
  readonly idempotencyKey: string | undefined;
  /** Goes before `delayMs`; in the past means now. */
  readonly runAtMs: number | undefined;
  readonly delayMs: number | undefined;
}

const MAX_ATTEMPTS_MAX = 2 ** 31 - 1;

/**
 * Fills in the defaults, or says what is wrong. Without an object around what it says: this is done for each task.
 * @param place the new task's; not asked for one that is refused
 */
export function admit(
  item: CreateTask,
  tenant: string,
  policy: QueuePolicy,
  now: number,
  place: (item: CreateTask) => TaskKey,
): NewTask | CodeqError {
  if (item.command.trim() === "") return new CodeqError("INVALID_ARGUMENT", "invalid command");
  const tooLong =
    overBound("command", item.command, policy.commandBytesMax) ??
    overBound("idempotencyKey", item.idempotencyKey, policy.idempotencyKeyBytesMax) ??
    overBound("webhook", item.webhook, policy.webhookBytesMax);
  if (tooLong !== undefined) return new CodeqError("INVALID_ARGUMENT", tooLong);
  const payloadTooLong = overBound("payload", item.payload, policy.payloadBytesMax);
  if (payloadTooLong !== undefined) return new CodeqError("PAYLOAD_TOO_LARGE", payloadTooLong);
  if (!isWellFormed(item.command) || !isWellFormed(item.idempotencyKey)) {
    return new CodeqError("INVALID_ARGUMENT", "command and idempotencyKey must be well-formed Unicode");
  }
  if (item.webhook !== undefined && !isWebhookUrl(item.webhook))
    return new CodeqError("INVALID_ARGUMENT", "invalid webhook url");
  if (item.runAtMs === undefined && item.delayMs !== undefined && item.delayMs < 0) {
    return new CodeqError("INVALID_ARGUMENT", "invalid 'delaySeconds' (must be >= 0)");
  }
  const dueMs = item.runAtMs ?? (item.delayMs === undefined ? undefined : now + item.delayMs);
  if (dueMs !== undefined && dueMs - now > policy.delayMsMax) {
    return new CodeqError("INVALID_ARGUMENT", `a delay may be at most ${policy.delayMsMax / 1000} s`);
  }
  return {
    key: place(item),
    tenant,
    command: item.command,
    payload: item.payload,
    priority: Math.min(Math.max(item.priority ?? 0, 0), PRIORITY_MAX),
    maxAttempts: maxAttemptsOf(item.maxAttempts, policy),
    webhook: item.webhook,
    trace: item.trace,
    idempotencyKey: item.idempotencyKey,
    dueMs: dueMs !== undefined && dueMs > now ? Math.ceil(dueMs) : undefined,
  };
}

function maxAttemptsOf(asked: number | undefined, policy: QueuePolicy): number {
  return asked === undefined || asked <= 0 ? policy.maxAttemptsDefault : Math.min(asked, MAX_ATTEMPTS_MAX);
}

/** A lone surrogate would not survive the way to disk and back. */
function isWellFormed(text: string | undefined): boolean {
  return text?.isWellFormed() ?? true;
}

function isWebhookUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";
}
