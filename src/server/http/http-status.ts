import type { ErrorCode } from "../queue/errors.ts";

/** Codes in error bodies: those of the core, and what only HTTP knows. */
export type HttpErrorCode = ErrorCode | "METHOD_NOT_ALLOWED";

/** The one place that maps codes to statuses. */
export const STATUS_OF: Readonly<Record<HttpErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_OWNER: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_IN_PROGRESS: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  RESOURCE_EXHAUSTED: 503,
  TOO_MANY_COMMANDS: 503,
  UNAVAILABLE: 503,
  COMMIT_UNKNOWN: 503,
  DISK_FULL: 507,
};
