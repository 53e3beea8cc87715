import { status } from "@grpc/grpc-js";
import type { CodeqError } from "../queue/errors.ts";
import { STATUS_OF } from "./grpc-status.ts";
import type { EndReason } from "./stream-observer.ts";

/** How a whole stream ends. */
export class StreamEnd {
  readonly code: status;
  readonly details: string;
  readonly reason: EndReason;

  constructor(code: status, details: string, reason: EndReason) {
    this.code = code;
    this.details = details;
    this.reason = reason;
  }

  static of(error: CodeqError, reason: EndReason): StreamEnd {
    return new StreamEnd(STATUS_OF[error.code], error.message, reason);
  }
}

export const FIRST_MUST_BE_HELLO = new StreamEnd(status.FAILED_PRECONDITION, "first event must be Hello", "hello");
