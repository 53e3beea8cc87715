import type { NackAck, ResultAck, WorkerEvent } from "../../proto/generated/worker.ts";
import type { Client } from "./client.ts";
import { CodeqError, serverErrorCode } from "./codeq-error.ts";
import type { HeldTask } from "./held-task.ts";
import { type Settlement, Settlements } from "./settlements.ts";
import type { Timing } from "./timing.ts";
import type { Verdict } from "./verdict.ts";
import type { SettledTask } from "./worker-options.ts";

export interface VerdictLineOptions {
  readonly sendsMax: number;
  readonly timing: Timing;
  readonly client: Pick<Client, "getTask"> | undefined;
  readonly onSettled: (task: SettledTask) => void;
  /** There is something to send, or less to wait for. */
  readonly onChange: () => void;
}

/** What every ack says. */
type Ack = ResultAck & Partial<Pick<NackAck, "appliedDelaySeconds" | "dlq">>;

/** Refusals that say "not now". After `COMMIT_UNKNOWN` the verdict may be stored. */
const RETRIED: ReadonlySet<string> = new Set(["UNAVAILABLE", "COMMIT_UNKNOWN", "RATE_LIMITED", "RESOURCE_EXHAUSTED"]);
/** What a second sending is told when the first one was stored, too. */
const TOO_LATE: ReadonlySet<string> = new Set(["NOT_OWNER", "NOT_FOUND", "NOT_IN_PROGRESS"]);
const RETRY_MS = 100;

/** Verdicts from the handler to the acknowledgement, and what became of each. */
export class VerdictLine {
  readonly #options: VerdictLineOptions;
  readonly #settlements = new Settlements();
  /** Refused for now, to be sent again when the timer ends. */
  readonly #later: Settlement[] = [];
  #cancelRetry: (() => void) | undefined;
  /** Being looked up. */
  #inquiries = 0;

  constructor(options: VerdictLineOptions) {
    this.#options = options;
  }

  /** Verdicts whose outcome is open. */
  get size(): number {
    return this.#settlements.size + this.#later.length + this.#inquiries;
  }

  /** Verdicts sent over an earlier stream that must be answered before new work is asked for. */
  get doubtful(): number {
    return this.#settlements.doubtful;
  }

  add(task: HeldTask, verdict: Verdict): void {
    this.#settlements.add({ task, verdict, sends: 0, maybeStored: false });
    this.#options.onChange();
  }

  /** The task was lost before there was a verdict, or while it waited to be sent. */
  refuse({ message, lost }: HeldTask, verdict: Verdict): void {
    this.#report(message, verdict, { outcome: "refused", error: lost ?? withdrawnError(message.id) });
  }

  take(): WorkerEvent[] {
    return this.#settlements.take();
  }

  answered(ack: Ack): void {
    const settlement = this.#settlements.answered(ack.taskId);
    if (settlement === undefined) return;
    const { task, verdict, sends, maybeStored } = settlement;
    if (ack.ok) {
      const delaySeconds = ack.dlq === true ? undefined : ack.appliedDelaySeconds;
      this.#report(task.message, verdict, { outcome: "accepted", delaySeconds });
    } else if (RETRIED.has(ack.errorCode) && sends < this.#options.sendsMax) {
      settlement.maybeStored ||= ack.errorCode === "COMMIT_UNKNOWN";
      this.#retryLater(settlement);
    } else {
      const error = new CodeqError(serverErrorCode(ack.errorCode), ack.errorMessage);
      if (maybeStored && TOO_LATE.has(ack.errorCode)) void this.#inquire(settlement, error);
      else this.#report(task.message, verdict, { outcome: "refused", error });
    }
    this.#options.onChange();
  }

  /** The task was delivered to us anew: what waits to be sent belongs to an earlier lease. */
  withdraw(taskId: string): void {
    for (const { task, verdict } of this.#settlements.withdraw(taskId)) this.refuse(task, verdict);
  }

  /** @param isHeldAnew whether the task has been delivered to us again; a verdict on an earlier delivery must not count */
  disconnected(error: CodeqError, isHeldAnew: (taskId: string) => boolean): void {
    const { sendsMax } = this.#options;
    this.#unknown(
      this.#settlements.reopen(({ task, sends }) => sends < sendsMax && !isHeldAnew(task.id)),
      error,
    );
  }

  /** Nothing will be sent any more. */
  giveUp(error: CodeqError): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#unknown([...this.#settlements.clear(), ...this.#later.splice(0)], error);
  }

  #unknown(settlements: readonly Settlement[], cause: CodeqError): void {
    for (const { task, verdict, sends } of settlements) {
      const outcome = sends === 0 ? "refused" : "unknown";
      const error =
        sends === 0 ? cause : new CodeqError("OUTCOME_UNKNOWN", `never answered: ${cause.message}`, { cause });
      this.#report(task.message, verdict, { outcome, error });
    }
  }

  #retryLater(settlement: Settlement): void {
    this.#later.push(settlement);
    const { timing, onChange } = this.#options;
    this.#cancelRetry ??= timing.after(RETRY_MS * (1 + timing.random()), () => {
      this.#cancelRetry = undefined;
      for (const waiting of this.#later.splice(0)) this.#settlements.add(waiting);
      onChange();
    });
  }

  /**
   * The verdict was sent more than once and came too late now: either the earlier sending was stored, or the lease was
   * lost before. A finished task tells: it was our delivery that ended it if it had no further one.
   */
  async #inquire({ task, verdict }: Settlement, refusal: CodeqError): Promise<void> {
    const { client, onChange } = this.#options;
    const { id, attempts } = task.message;
    this.#inquiries += 1;
    try {
      const found = await client?.getTask(id);
      const status = verdict.kind === "completed" ? "COMPLETED" : "FAILED";
      const finished = found?.status === "COMPLETED" || found?.status === "FAILED";
      if (found === undefined || verdict.kind === "nacked" || verdict.kind === "abandoned") {
        this.#report(task.message, verdict, { outcome: "unknown", error: refusal });
      } else if (finished && found.status === status && found.attempts === attempts && !found.dead) {
        this.#report(task.message, verdict, { outcome: "accepted" });
      } else this.#report(task.message, verdict, { outcome: "refused", error: refusal });
    } catch (error) {
      const unknown = new CodeqError("OUTCOME_UNKNOWN", `never answered: ${refusal.message}`, { cause: error });
      this.#report(task.message, verdict, { outcome: "unknown", error: unknown });
    }
    this.#inquiries -= 1;
    onChange();
  }

  #report(message: HeldTask["message"], verdict: Verdict, end: Ending): void {
    this.#options.onSettled({
      taskId: message.id,
      attempts: message.attempts,
      command: message.command,
      verdict: verdict.kind,
      outcome: end.outcome,
      error: end.error,
      delaySeconds: end.delaySeconds,
    });
  }
}

interface Ending {
  readonly outcome: SettledTask["outcome"];
  readonly error?: CodeqError;
  readonly delaySeconds?: number | undefined;
}

function withdrawnError(taskId: string): CodeqError {
  return new CodeqError("LEASE_LOST", `task ${taskId} is no longer ours: it was delivered again`);
}
