import type { Nack, Result, WorkerEvent } from "../../proto/generated/worker.ts";
import type { HeldTask } from "./held-task.ts";
import type { Verdict } from "./verdict.ts";

/** A verdict on its way to the server. */
export interface Settlement {
  readonly task: HeldTask;
  readonly verdict: Verdict;
  sends: number;
  /** It was sent, and may have been stored without our knowing. */
  maybeStored: boolean;
}

/** Keeps messages small against what servers take. */
const RESULTS_MAX = 1000;
const RESULT_BYTES_MAX = 3 * 1024 * 1024;

/** Whether the verdict can be sent at all. */
export function fitsMessage(verdict: Verdict): boolean {
  return bytesOf(verdict) <= RESULT_BYTES_MAX;
}

/** Verdicts that the server has not acknowledged: those that wait to be sent, and those that wait for their ack. */
export class Settlements {
  #waiting: Settlement[] = [];
  /** By task: acks name nothing else. */
  readonly #sent = new Map<string, Settlement>();
  #doubtful = 0;

  get size(): number {
    return this.#waiting.length + this.#sent.size;
  }

  /** Verdicts that may have been stored over an earlier stream, and are not answered on this one. */
  get doubtful(): number {
    return this.#doubtful;
  }

  add(settlement: Settlement): void {
    if (settlement.maybeStored) this.#doubtful += 1;
    this.#waiting.push(settlement);
  }

  /** What can be sent, results together. They count as sent. */
  take(): WorkerEvent[] {
    const events: WorkerEvent[] = [];
    const held: Settlement[] = [];
    let results: Result[] = [];
    let bytes = 0;
    const endBatch = (): void => {
      if (results.length > 0) events.push(resultsEvent(results));
      results = [];
      bytes = 0;
    };
    for (const settlement of this.#waiting) {
      const { task, verdict } = settlement;
      // Their acks could not be told apart.
      if (this.#sent.has(task.id)) {
        held.push(settlement);
        continue;
      }
      settlement.sends += 1;
      this.#sent.set(task.id, settlement);
      if (verdict.kind === "nacked" || verdict.kind === "abandoned") {
        events.push(releaseEvent(task.id, verdict));
        continue;
      }
      bytes += bytesOf(verdict);
      if (results.length >= RESULTS_MAX || bytes > RESULT_BYTES_MAX) endBatch();
      results.push(resultMessage(task.id, verdict));
    }
    endBatch();
    this.#waiting = held;
    return events;
  }

  answered(taskId: string): Settlement | undefined {
    const settlement = this.#sent.get(taskId);
    this.#sent.delete(taskId);
    if (settlement?.maybeStored === true) this.#doubtful -= 1;
    return settlement;
  }

  /** The task was delivered anew: verdicts on earlier deliveries that were not sent must not be. */
  withdraw(taskId: string): Settlement[] {
    const withdrawn = this.#waiting.filter(({ task }) => task.id === taskId);
    if (withdrawn.length > 0) this.#waiting = this.#waiting.filter(({ task }) => task.id !== taskId);
    this.#recount();
    return withdrawn;
  }

  /** Nothing sent will be answered: all of it waits to be sent again, except what may not be, which comes back. */
  reopen(mayRepeat: (settlement: Settlement) => boolean): Settlement[] {
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    for (const settlement of sent) settlement.maybeStored = true;
    this.#waiting = [...sent.filter(mayRepeat), ...this.#waiting];
    this.#recount();
    return sent.filter((settlement) => !mayRepeat(settlement));
  }

  clear(): Settlement[] {
    const all = [...this.#sent.values(), ...this.#waiting];
    this.#sent.clear();
    this.#waiting = [];
    this.#doubtful = 0;
    return all;
  }

  #recount(): void {
    const all = [...this.#waiting, ...this.#sent.values()];
    this.#doubtful = all.filter(({ maybeStored }) => maybeStored).length;
  }
}

type Release = Extract<Verdict, { readonly kind: "nacked" | "abandoned" }>;

function resultsEvent(results: Result[]): WorkerEvent {
  const [only] = results;
  if (only !== undefined && results.length === 1) return { event: { $case: "result", value: only } };
  return { event: { $case: "resultBatch", value: { results } } };
}

function releaseEvent(taskId: string, verdict: Release): WorkerEvent {
  if (verdict.kind === "abandoned") return { event: { $case: "abandon", value: { taskId } } };
  const value: Nack = { taskId, delaySeconds: verdict.delaySeconds, reason: verdict.reason };
  return { event: { $case: "nack", value } };
}

const NO_BYTES = new Uint8Array();

function resultMessage(taskId: string, verdict: Exclude<Verdict, Release>): Result {
  const resultJson = verdict.resultText === undefined ? NO_BYTES : Buffer.from(verdict.resultText);
  return verdict.kind === "completed"
    ? { taskId, status: "COMPLETED", resultJson, error: "" }
    : { taskId, status: "FAILED", resultJson, error: verdict.error };
}

/** What a verdict takes in a batch, at most. */
function bytesOf(verdict: Verdict): number {
  const units = textsOf(verdict).reduce((sum, text) => sum + text.length, 0);
  return units * 3 + FIXED_BYTES;
}

/** Id and status, with tags and lengths. */
const FIXED_BYTES = 128;

function textsOf(verdict: Verdict): readonly string[] {
  switch (verdict.kind) {
    case "completed":
      return [verdict.resultText];
    case "failed":
      return [verdict.error, verdict.resultText ?? ""];
    case "nacked":
      return [verdict.reason];
    case "abandoned":
      return [];
  }
}
