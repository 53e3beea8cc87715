import { type BinaryReader, isText } from "../../../proto/wire.ts";
import { CodeqError, type Outcome, refused } from "../queue/errors.ts";
import type { TaskResult } from "../queue/results.ts";
import type { TaskKey } from "../queue/task.ts";
import { TASK_ID_BYTES } from "../queue/task-id.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import { isObject, readJson } from "./json-bytes.ts";

/** The queue that handed the ids out. */
export type IdReader = Pick<TaskQueue, "readId" | "idOf">;

/** A result as a worker's message hands it in, and what becomes of it. */
export class ResultRequest implements TaskResult {
  /** Undefined when the queue never handed the id out. */
  key: TaskKey | undefined;
  /** The id as it came, where it is none of ours. */
  strangeId = "";
  state: "completed" | "failed" = "completed";
  result: string | undefined;
  error: string | undefined;
  /** Undefined while it is not known. */
  outcome: Outcome<unknown> | undefined;
  readonly #ids: IdReader;

  constructor(ids: IdReader) {
    this.#ids = ids;
  }

  get id(): string {
    return this.key === undefined ? this.strangeId : this.#ids.idOf({ key: this.key });
  }
}

/** Tags of a workerpb.Result; all have a length. */
const TASK_ID = 1 * 8 + 2;
const STATUS = 2 * 8 + 2;
const RESULT_JSON = 3 * 8 + 2;
const ERROR = 4 * 8 + 2;

/**
 * Reads a workerpb.Result by hand, for the reason that `Assignment` is written so. One that cannot be taken has its outcome.
 * @throws whatever the reader throws
 */
export function readResult(reader: BinaryReader, ids: IdReader, jsonDepthMax: number): ResultRequest {
  const request = new ResultRequest(ids);
  let status = "";
  let jsonStart = 0;
  let jsonEnd = 0;
  const end = reader.enter();
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case TASK_ID:
        readId(reader, request, ids);
        break;
      case STATUS:
        status = reader.string();
        break;
      case RESULT_JSON:
        jsonStart = reader.range();
        jsonEnd = reader.pos;
        break;
      case ERROR:
        request.error = reader.string();
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  request.outcome = stateInto(request, status) ?? resultInto(request, reader.buf, jsonStart, jsonEnd, jsonDepthMax);
  return request;
}

function readId(reader: BinaryReader, request: ResultRequest, ids: IdReader): void {
  const at = reader.pos;
  const start = reader.range();
  request.key = reader.pos - start === TASK_ID_BYTES ? ids.readId(reader.buf, start) : undefined;
  if (request.key !== undefined) return;
  reader.pos = at;
  request.strangeId = reader.string();
}

function stateInto(request: ResultRequest, status: string): Outcome<never> | undefined {
  switch (status) {
    case "COMPLETED":
      request.error = undefined;
      return undefined;
    case "FAILED":
      request.state = "failed";
      return (request.error ?? "").trim() === ""
        ? refused("INVALID_ARGUMENT", "error required when status=FAILED")
        : undefined;
    default: {
      const shown = JSON.stringify(status.slice(0, SHOWN_UNITS));
      return refused("INVALID_ARGUMENT", `invalid status (must be COMPLETED or FAILED): ${shown}`);
    }
  }
}

const SHOWN_UNITS = 64;
/** The last short result that was taken: most say the same. */
let known = "{}";
let knownDepthMax = 0;
const KNOWN_UNITS = 32;

/** Empty and `null` are no result. */
function resultInto(
  request: ResultRequest,
  message: Buffer,
  start: number,
  end: number,
  jsonDepthMax: number,
): Outcome<never> | undefined {
  if (end === start) return undefined;
  if (knownDepthMax === jsonDepthMax && isText(message, start, end - start, known)) {
    request.result = known;
    return undefined;
  }
  const json = readJson(message, start, end, jsonDepthMax);
  if (json instanceof CodeqError) return refused("INVALID_ARGUMENT", `invalid result_json: ${json.message}`);
  if (isObject(message, start, end)) {
    request.result = json;
    if (json.length <= KNOWN_UNITS) {
      known = json;
      knownDepthMax = jsonDepthMax;
    }
    return undefined;
  }
  return json.trim() === "null" ? undefined : refused("INVALID_ARGUMENT", "invalid result_json: must be a JSON object");
}
