/**
 * The one kind of error the SDK throws and rejects with.
 *
 * Check `code`; `message` is for people and may change.
 */
export class CodeqError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CodeqError";
    this.code = code;
  }
}

/** What the server refuses with, over streams and REST alike. */
const SERVER_CODES = [
  "INVALID_ARGUMENT",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "NOT_OWNER",
  "NOT_FOUND",
  "NOT_IN_PROGRESS",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "RATE_LIMITED",
  "RESOURCE_EXHAUSTED",
  "TOO_MANY_COMMANDS",
  "DISK_FULL",
  "COMMIT_UNKNOWN",
  "UNAVAILABLE",
  "INTERNAL",
] as const;

export type ServerErrorCode = (typeof SERVER_CODES)[number];

/**
 * What only a client can say:
 * - `OUTCOME_UNKNOWN`: asked for, never answered; it may have happened or not
 * - `UNREACHABLE`: no connection for too long; what was asked for did not happen
 * - `CLOSED`: asked of a producer, worker or client that was closed; it did not happen
 * - `BUFFER_FULL`: too much waits for its acknowledgement; it did not happen
 * - `INVALID_PAYLOAD`: a payload or result does not match its schema, or is no JSON; it did not happen
 * - `LEASE_LOST`: the task is no longer the worker's
 * - `ABORTED`: given up by an `AbortSignal`; it may have happened or not
 * - `PROTOCOL`: the server said something that makes no sense
 */
export type ClientErrorCode =
  | "OUTCOME_UNKNOWN"
  | "UNREACHABLE"
  | "CLOSED"
  | "BUFFER_FULL"
  | "INVALID_PAYLOAD"
  | "LEASE_LOST"
  | "ABORTED"
  | "PROTOCOL";

export type ErrorCode = ServerErrorCode | ClientErrorCode;

const KNOWN: ReadonlySet<string> = new Set(SERVER_CODES);

/** A code as it came over the wire; one that a newer server has made up counts as `INTERNAL`. */
export function serverErrorCode(code: string): ServerErrorCode {
  // Membership has just been checked.
  return KNOWN.has(code) ? (code as ServerErrorCode) : "INTERNAL";
}
