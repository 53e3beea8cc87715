import { Timestamp } from "../../../proto/generated/google/protobuf/timestamp.ts";
import type { BinaryReader } from "../../../proto/wire.ts";
import type { CreateTask } from "../queue/admission.ts";
import type { CreatedTask } from "../queue/created-task.ts";
import { CodeqError, type Outcome, refused } from "../queue/errors.ts";
import { readJson } from "./json-bytes.ts";

/**
 * A task as a producer's message asks for it, and what becomes of it. With the trace context the producer sent along;
 * whoever records traces looks for it.
 */
export class CreateRequest implements CreateTask {
  /** The producer's number for it. */
  seq: number | bigint = 0;
  command = "";
  payload = "null";
  priority = 0;
  webhook: string | undefined;
  maxAttempts = 0;
  idempotencyKey: string | undefined;
  runAtMs: number | undefined;
  delayMs: number | undefined;
  traceParent: string | undefined;
  traceState: string | undefined;
  /** Undefined while it is not known. */
  outcome: Outcome<CreatedTask> | undefined;
}

/** Tags of a producerpb.CreateTask: field number times eight, and 2 for what has a length, 0 for numbers. */
const SEQ = 1 * 8;
const COMMAND = 2 * 8 + 2;
const PAYLOAD = 3 * 8 + 2;
const PRIORITY = 4 * 8;
const WEBHOOK = 5 * 8 + 2;
const MAX_ATTEMPTS = 6 * 8;
const IDEMPOTENCY_KEY = 7 * 8 + 2;
const RUN_AT = 8 * 8 + 2;
const DELAY_SECONDS = 9 * 8;
const TRACE_PARENT = 10 * 8 + 2;
const TRACE_STATE = 11 * 8 + 2;

/**
 * Reads a producerpb.CreateTask by hand, for the reason that `Assignment` is written so. One that cannot be created has its
 * outcome.
 * @throws whatever the reader throws
 */
export function readCreate(reader: BinaryReader, jsonDepthMax: number): CreateRequest {
  const request = new CreateRequest();
  let payloadStart = 0;
  let payloadEnd = 0;
  const end = reader.enter();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case SEQ:
        request.seq = reader.exactUint64();
        break;
      case COMMAND:
        request.command = reader.string();
        break;
      case PAYLOAD:
        payloadStart = reader.range();
        payloadEnd = reader.pos;
        break;
      case PRIORITY:
        request.priority = reader.int32();
        break;
      case WEBHOOK:
        request.webhook = orNone(reader.string());
        break;
      case MAX_ATTEMPTS:
        request.maxAttempts = reader.int32();
        break;
      case IDEMPOTENCY_KEY:
        request.idempotencyKey = orNone(reader.string());
        break;
      case RUN_AT:
        request.runAtMs = timeOf(Timestamp.decode(reader, reader.uint32()));
        break;
      case DELAY_SECONDS: {
        const seconds = reader.int32();
        request.delayMs = seconds === 0 ? undefined : seconds * 1000;
        break;
      }
      case TRACE_PARENT:
        request.traceParent = orNone(reader.string());
        break;
      case TRACE_STATE:
        request.traceState = orNone(reader.string());
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  request.outcome = refusalOf(request) ?? payloadInto(request, reader.buf, payloadStart, payloadEnd, jsonDepthMax);
  return request;
}

function refusalOf(request: CreateRequest): Outcome<never> | undefined {
  request.command = request.command.trim();
  if (request.command === "") return refused("INVALID_ARGUMENT", "command is required");
  if (Number.isNaN(request.runAtMs)) return refused("INVALID_ARGUMENT", "run_at is out of range");
  if (request.delayMs !== undefined && request.delayMs < 0) {
    return refused("INVALID_ARGUMENT", "delaySeconds must be >= 0");
  }
  return undefined;
}

/** An empty payload is none. */
function payloadInto(
  request: CreateRequest,
  message: Buffer,
  start: number,
  end: number,
  jsonDepthMax: number,
): Outcome<never> | undefined {
  if (end === start) return undefined;
  const json = readJson(message, start, end, jsonDepthMax);
  if (json instanceof CodeqError) return refused("INVALID_ARGUMENT", `invalid payload: ${json.message}`);
  request.payload = json;
  return undefined;
}

/** Of a `Date` (ECMA-262). */
const DATE_MS_MAX = 8.64e15;

/** Not a number when no date can have it. */
function timeOf({ seconds, nanos }: Timestamp): number {
  const ms = Math.trunc(Number(seconds) * 1000 + nanos / 1e6);
  return Math.abs(ms) <= DATE_MS_MAX ? ms : Number.NaN;
}

function orNone(text: string): string | undefined {
  return text === "" ? undefined : text;
}
