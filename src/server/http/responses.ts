import type { CodeqError } from "../queue/errors.ts";
import { type HttpErrorCode, STATUS_OF } from "./http-status.ts";

const JSON_TYPE = "application/json; charset=utf-8";

/** @param json the body, already serialised */
export function jsonResponse(status: number, requestId: string, json: string): Response {
  return new Response(json, { status, headers: { "content-type": JSON_TYPE, "x-request-id": requestId } });
}

export function emptyResponse(requestId: string): Response {
  return new Response(null, { status: 204, headers: { "x-request-id": requestId } });
}

export interface ErrorBody {
  readonly code: HttpErrorCode;
  readonly error: string;
  /** What exactly is wrong, where the text of the wire protocol does not say. */
  readonly detail?: string | undefined;
}

/** `{"error","code","requestId"}`, and whatever else the case calls for. */
export function errorResponse(
  requestId: string,
  body: ErrorBody,
  extra: Readonly<Record<string, string | number>> = {},
): Response {
  const { error, code, detail } = body;
  const response = jsonResponse(
    STATUS_OF[code],
    requestId,
    JSON.stringify({ error, code, requestId, detail, ...extra }),
  );
  const advice = RETRY_AFTER_SECONDS[code];
  if (advice !== undefined) response.headers.set("retry-after", String(advice));
  if (code === "UNAUTHENTICATED") response.headers.set("www-authenticate", "Bearer");
  return response;
}

/** Conditions that are expected to pass. */
const RETRY_AFTER_SECONDS: Partial<Record<HttpErrorCode, number>> = {
  RESOURCE_EXHAUSTED: 1,
  UNAVAILABLE: 1,
  COMMIT_UNKNOWN: 1,
};

/** Refusals of the core carry their detail, if any, as a text in `cause`. */
export function refusalResponse(requestId: string, error: CodeqError): Response {
  const detail = typeof error.cause === "string" ? error.cause : undefined;
  return errorResponse(requestId, { code: error.code, error: error.message, detail });
}
