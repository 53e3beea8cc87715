import type { CreateTask as CreateMessage } from "../../../proto/generated/producer.ts";
import type { CreateTask } from "../queue/admission.ts";
import { accepted, type Outcome, refused } from "../queue/errors.ts";
import { readJson } from "./json-bytes.ts";

/** With the trace context the producer sent along; whoever records traces looks for it. */
export interface StreamedCreate extends CreateTask {
  readonly traceParent: string | undefined;
  readonly traceState: string | undefined;
}

/** A task as a producer's message asks for it. */
export function createRequestOf(message: CreateMessage, jsonDepthMax: number): Outcome<StreamedCreate> {
  const command = message.command.trim();
  if (command === "") return refused("INVALID_ARGUMENT", "command is required");
  const payload = payloadOf(message.payload, jsonDepthMax);
  if (!payload.ok) return payload;
  const runAtMs = message.runAt?.getTime();
  if (Number.isNaN(runAtMs)) return refused("INVALID_ARGUMENT", "run_at is out of range");
  if (message.delaySeconds < 0) return refused("INVALID_ARGUMENT", "delaySeconds must be >= 0");
  return accepted({
    command,
    payload: payload.value,
    priority: message.priority,
    webhook: orNone(message.webhook),
    maxAttempts: message.maxAttempts,
    idempotencyKey: orNone(message.idempotencyKey),
    runAtMs,
    traceParent: orNone(message.traceParent),
    traceState: orNone(message.traceState),
    delayMs: message.delaySeconds === 0 ? undefined : message.delaySeconds * 1000,
  });
}

function payloadOf(bytes: Uint8Array, jsonDepthMax: number): Outcome<string> {
  if (bytes.length === 0) return accepted("null");
  const json = readJson(bytes, jsonDepthMax);
  return json.ok ? accepted(json.value.text) : refused("INVALID_ARGUMENT", `invalid payload: ${json.error.message}`);
}

function orNone(text: string): string | undefined {
  return text === "" ? undefined : text;
}
