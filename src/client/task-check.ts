import { CodeqError } from "./codeq-error.ts";
import type { NewTask } from "./new-task.ts";

/**
 * What nobody could make sense of, whatever the declarations say: programs in JavaScript come here, too.
 * @throws CodeqError INVALID_ARGUMENT
 */
export function checkTask(task: NewTask): void {
  const given: unknown = task;
  if (typeof given !== "object" || given === null) throw invalid(`a task is ${String(given)}: it must be an object`);
  const { command, idempotencyKey, runAt, delaySeconds } = task;
  if (!isText(command)) throw invalid("command is blank");
  if (idempotencyKey !== undefined && !isText(idempotencyKey)) {
    throw invalid("idempotencyKey is blank: leave it out to have a random one");
  }
  checkTrace(task);
  if (runAt === undefined) return;
  if (delaySeconds !== undefined) throw invalid("runAt and delaySeconds exclude each other");
  checkDate("runAt", runAt);
}

/** As https://www.w3.org/TR/trace-context/ has it; empty is as good as none. */
function checkTrace({ traceParent = "", traceState = "" }: NewTask): void {
  if (traceParent !== "" && !TRACE_PARENT.test(traceParent)) {
    throw invalid(`traceParent is ${JSON.stringify(traceParent).slice(0, 80)}: it must be a W3C traceparent`);
  }
  if (!TRACE_STATE.test(traceState)) throw invalid("traceState must be at most 512 printable ASCII characters");
}

const TRACE_PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const TRACE_STATE = /^[ -~]{0,512}$/;

/** @throws CodeqError INVALID_ARGUMENT */
export function checkDate(name: string, date: Date): void {
  const given: unknown = date;
  if (!(given instanceof Date)) throw invalid(`${name} is ${typeof given}: it must be a Date`);
  if (Number.isNaN(given.getTime())) throw invalid(`${name} is not a valid date`);
}

function isText(given: unknown): boolean {
  return typeof given === "string" && given.trim() !== "";
}

function invalid(message: string): CodeqError {
  return new CodeqError("INVALID_ARGUMENT", message);
}
