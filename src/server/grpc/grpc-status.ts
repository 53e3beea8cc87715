import { status } from "@grpc/grpc-js";
import type { CodeqError, ErrorCode } from "../queue/errors.ts";

/** The status a whole stream ends with, or that a `ServerError` names. The one place that maps codes to it. */
export const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  NOT_OWNER: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  NOT_IN_PROGRESS: status.FAILED_PRECONDITION,
  PAYLOAD_TOO_LARGE: status.INVALID_ARGUMENT,
  UNSUPPORTED_MEDIA_TYPE: status.INVALID_ARGUMENT,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  TOO_MANY_COMMANDS: status.RESOURCE_EXHAUSTED,
  DISK_FULL: status.RESOURCE_EXHAUSTED,
  COMMIT_UNKNOWN: status.UNAVAILABLE,
  UNAVAILABLE: status.UNAVAILABLE,
  INTERNAL: status.INTERNAL,
};

/** What is in a `ServerError`: the status by its CamelCase name, such as `PermissionDenied`. */
export function serverErrorOf(error: CodeqError): { readonly code: string; readonly message: string } {
  return { code: camelCase(status[STATUS_OF[error.code]]), message: error.message };
}

function camelCase(name: string): string {
  return name
    .split("_")
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join("");
}
