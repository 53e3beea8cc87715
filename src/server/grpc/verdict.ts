import type { Outcome } from "../queue/errors.ts";

/** What every ack of a worker's request says. */
export interface Verdict {
  readonly taskId: string;
  readonly ok: boolean;
  readonly errorMessage: string;
  readonly errorCode: string;
}

export function verdict(taskId: string, outcome: Outcome<unknown>): Verdict {
  return outcome.ok
    ? { taskId, ok: true, errorMessage: "", errorCode: "" }
    : { taskId, ok: false, errorMessage: outcome.error.message, errorCode: outcome.error.code };
}
