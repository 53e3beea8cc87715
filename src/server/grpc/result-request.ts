import type { Result } from "../../../proto/generated/worker.ts";
import { accepted, type Outcome, refused } from "../queue/errors.ts";

import type { TaskResult } from "../queue/results.ts";
import { readJson } from "./json-bytes.ts";

/** What a worker's message hands in. */
export function resultOf(message: Result, jsonDepthMax: number): Outcome<TaskResult> {
  const result = resultText(message.resultJson, jsonDepthMax);
  switch (message.status) {
    case "COMPLETED":
      if (!result.ok) return result;
      return accepted({ id: message.taskId, state: "completed", result: result.value ?? "{}", error: undefined });
    case "FAILED":
      if (!result.ok) return result;
      if (message.error.trim() === "") return refused("INVALID_ARGUMENT", "error required when status=FAILED");
      return accepted({ id: message.taskId, state: "failed", result: result.value, error: message.error });
    default:
      return refused(
        "INVALID_ARGUMENT",
        `invalid status (must be COMPLETED or FAILED): ${JSON.stringify(message.status.slice(0, SHOWN_UNITS))}`,
      );
  }
}

const SHOWN_UNITS = 64;

/** Empty and `null` are no result. */
function resultText(bytes: Uint8Array, jsonDepthMax: number): Outcome<string | undefined> {
  if (bytes.length === 0) return accepted(undefined);
  const json = readJson(bytes, jsonDepthMax);
  if (!json.ok) return refused("INVALID_ARGUMENT", `invalid result_json: ${json.error.message}`);
  if (json.value.isObject) return accepted(json.value.text);
  return json.value.text.trim() === "null"
    ? accepted(undefined)
    : refused("INVALID_ARGUMENT", "invalid result_json: must be a JSON object");
}
