/** Every way in which codeq says no, on every transport. Transports map each code once, in a `Record<ErrorCode, …>`. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_OWNER"
  | "NOT_FOUND"
  | "NOT_IN_PROGRESS"
  | "PAYLOAD_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "RATE_LIMITED"
  | "RESOURCE_EXHAUSTED"
  | "TOO_MANY_COMMANDS"
  | "DISK_FULL"
  | "COMMIT_UNKNOWN"
  | "UNAVAILABLE"
  | "INTERNAL";

/**
 * The one error class. The message is fit for a client: it names the thing, and gives the value and the bound.
 *
 * COMMIT_UNKNOWN is special: the change may or may not be on disk. Retry with an idempotency key, or look.
 */
export class CodeqError extends Error {
  override readonly name = "CodeqError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** One item's answer in a batch: a refusal of one item is data, it does not disturb its neighbours. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CodeqError };

export function accepted<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(code: ErrorCode, message: string): { readonly ok: false; readonly error: CodeqError } {
  return { ok: false, error: new CodeqError(code, message) };
}

/** For states that cannot be: the message is for us, the client sees INTERNAL. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CodeqError("INTERNAL", message);
}
