import { wholeNumber } from "./bounds.ts";
import { CodeqError } from "./codeq-error.ts";
import { jsonText } from "./new-task.ts";

/** How a handler ends a task. Made by `fail`, `nack` and `abandon`; returning a result completes. */
export type Verdict = Completed | Failed | Nacked | Abandoned;

class Completed {
  readonly kind = "completed";
  readonly resultText: string;

  constructor(resultText: string) {
    this.resultText = resultText;
  }
}

class Failed {
  readonly kind = "failed";
  readonly error: string;
  readonly resultText: string | undefined;

  constructor(error: string, resultText: string | undefined) {
    this.error = error;
    this.resultText = resultText;
  }
}

class Nacked {
  readonly kind = "nacked";
  readonly delaySeconds: number | undefined;
  readonly reason: string;

  constructor(delaySeconds: number | undefined, reason: string) {
    this.delaySeconds = delaySeconds;
    this.reason = reason;
  }
}

class Abandoned {
  readonly kind = "abandoned";
}

/**
 * The task has failed for good: it is not delivered again.
 * @param error not blank; kept as the task's error
 * @param result kept as well
 */
export function fail(error: string, result?: object): Verdict {
  return new Failed(error.trim() === "" ? "failed" : error, result === undefined ? undefined : resultTextOf(result));
}

export interface NackOptions {
  /** Whole seconds until the task is delivered again, 0 is at once. Default: the server's backoff. */
  readonly delaySeconds?: number;
  /** Kept as the task's error if this was its last delivery. */
  readonly reason?: string;
}

/**
 * The task shall be tried again, later; after its last delivery it becomes a dead letter.
 * @throws CodeqError INVALID_ARGUMENT
 */
export function nack({ delaySeconds, reason = "" }: NackOptions = {}): Verdict {
  if (delaySeconds !== undefined) wholeNumber("delaySeconds", delaySeconds, 0, 2 ** 31 - 1);
  return new Nacked(delaySeconds, reason);
}

/** The task is given back unworked, at once; the delivery counts. */
export function abandon(): Verdict {
  return new Abandoned();
}

/** What a handler returned. @throws CodeqError INVALID_PAYLOAD when that is neither a verdict nor a JSON object */
export function verdictOf(returned: unknown): Verdict {
  if (returned instanceof Nacked || returned instanceof Abandoned || returned instanceof Failed) return returned;
  if (returned === undefined || returned === null) return new Completed("");
  return new Completed(resultTextOf(returned));
}

function resultTextOf(result: unknown): string {
  const text = jsonText(result, "the result");
  if (text.startsWith("{")) return text;
  throw new CodeqError("INVALID_PAYLOAD", `the result must be a JSON object, not ${text.slice(0, SHOWN_UNITS)}`);
}

const SHOWN_UNITS = 64;
