import { status } from "@grpc/grpc-js";
import type { CodeqError } from "../queue/errors.ts";
import { STATUS_OF } from "./grpc-status.ts";

/** How a whole stream ends. */
export class StreamEnd {
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    this.code = code;
    this.details = details;
  }

  static of(error: CodeqError): StreamEnd {
    return new StreamEnd(STATUS_OF[error.code], error.message);
  }
}

export const FIRST_MUST_BE_HELLO = new StreamEnd(status.FAILED_PRECONDITION, "first event must be Hello");
