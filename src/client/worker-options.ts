import { wholeNumber } from "./bounds.ts";
import type { Client } from "./client.ts";
import { CodeqError } from "./codeq-error.ts";
import type { CommandSchemas } from "./commands.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { ReceivedTask, TaskOf } from "./received-task.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Works on one task.
 * - What it returns, a JSON object or nothing, is the result: the task is completed.
 * - `fail(…)`, `nack(…)` and `abandon()` return verdicts of another kind.
 * - What it throws nacks the task, with the message as reason and the server's backoff.
 */
export type Handler<Schemas extends CommandSchemas> = (task: TaskOf<Schemas>) => HandlerResult | Promise<HandlerResult>;

// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement returns void
type HandlerResult = Verdict | object | undefined | void;

export interface WorkerOptions<Schemas extends CommandSchemas = CommandSchemas> extends ConnectionOptions {
  readonly handler: Handler<Schemas>;
  /** What to work on. Default: the commands of `schemas`; without those, every command the token allows. */
  readonly commands?: readonly (keyof Schemas & string)[];
  /** What the payloads of each command look like. A task whose payload does not match is nacked. */
  readonly schemas?: Schemas;
  /** Handlers that run at the same time. Default 10. */
  readonly concurrency?: number;
  /** Tasks fetched ahead, which wait for a handler. Default 0. */
  readonly prefetch?: number;
  /** Tasks one claim may bring. Default 32. */
  readonly claimMax?: number;
  /** How long a task stays ours without a heartbeat, in whole seconds. Default 60. */
  readonly leaseSeconds?: number;
  /**
   * Name of this worker, under which it holds its leases: unique among all that run at the same time. Default: random.
   * A server puts it into the name space of the token.
   */
  readonly workerId?: string;
  /** Results that may wait for their acknowledgement before no more tasks are claimed. Default 4096. */
  readonly unacknowledgedMax?: number;
  /** How often a verdict is sent before its outcome counts as unknown. Default 10. */
  readonly sendsMax?: number;
  /** Finds out about results whose acknowledgement got lost. Without it their outcome may be `unknown`. */
  readonly client?: Pick<Client, "getTask">;
  /** Told what became of each delivered task. */
  readonly onSettled?: (task: SettledTask) => void;
  /** Told what handlers throw; the task is nacked in any case. */
  readonly onHandlerError?: (error: unknown, task: ReceivedTask | undefined) => void;
}

/** How a delivery ended, and what the server says to that. */
export interface SettledTask {
  readonly taskId: string;
  /** Of this delivery. */
  readonly attempts: number;
  readonly command: string;
  readonly verdict: "completed" | "failed" | "nacked" | "abandoned";
  /**
   * - `accepted`: stored, and acknowledged
   * - `refused`: it counts for nothing; `error` says why, `LEASE_LOST` if it was not even sent
   * - `unknown`: it may be stored or not
   */
  readonly outcome: "accepted" | "refused" | "unknown";
  /** Unless accepted. */
  readonly error: CodeqError | undefined;
  /** Of accepted nacks: until the task may be delivered again; undefined when it became a dead letter. */
  readonly delaySeconds: number | undefined;
}

export interface WorkerLimits {
  readonly concurrency: number;
  readonly capacity: number;
  readonly claimMax: number;
  readonly leaseSeconds: number;
  readonly unacknowledgedMax: number;
  readonly sendsMax: number;
  /** Undefined for all. */
  readonly commands: readonly string[];
}

/** @throws CodeqError INVALID_ARGUMENT */
export function workerLimits<Schemas extends CommandSchemas>(options: WorkerOptions<Schemas>): WorkerLimits {
  if (typeof options.handler !== "function") throw new CodeqError("INVALID_ARGUMENT", "handler must be a function");
  const concurrency = wholeNumber("concurrency", options.concurrency ?? 10, 1, 100_000);
  const commands = options.commands ?? Object.keys(options.schemas ?? {});
  if (options.commands?.length === 0) {
    throw new CodeqError("INVALID_ARGUMENT", "commands is empty: leave it out to work on all");
  }
  return {
    concurrency,
    capacity: concurrency + wholeNumber("prefetch", options.prefetch ?? 0, 0, 100_000),
    claimMax: wholeNumber("claimMax", options.claimMax ?? 32, 1, 10_000),
    leaseSeconds: wholeNumber("leaseSeconds", options.leaseSeconds ?? 60, 1, 86_400),
    unacknowledgedMax: wholeNumber("unacknowledgedMax", options.unacknowledgedMax ?? 4096, 1, 1_000_000),
    sendsMax: wholeNumber("sendsMax", options.sendsMax ?? 10, 1, 1000),
    commands,
  };
}
