import type {
  Abandon,
  AbandonAck,
  Heartbeat,
  HeartbeatAck,
  Nack,
  NackAck,
  ServerEvent,
} from "../../../proto/generated/worker.ts";
import type { Log } from "../log.ts";
import type { WorkerIdentity } from "../queue/claims.ts";
import type { Requeued, TaskQueue } from "../queue/task-queue.ts";
import { orOutage } from "./outage.ts";
import { verdict } from "./verdict.ts";

export interface LeaseContext {
  readonly queue: TaskQueue;
  readonly who: WorkerIdentity;
  readonly log: Log;
}

/** What a worker does about one lease, and how that is acknowledged. */
export async function nack({ queue, who, log }: LeaseContext, message: Nack): Promise<Answer> {
  const { taskId, delaySeconds, reason } = message;
  // Clients have long said "your backoff" with a negative number; refusing it would keep the task from everybody.
  const delayMs = delaySeconds === undefined || delaySeconds < 0 ? undefined : delaySeconds * 1000;
  const outcome = await orOutage(queue.nack(who, taskId, delayMs, reason === "" ? undefined : reason), log);
  const requeued = outcome.ok ? outcome.value : NOT_REQUEUED;
  const value: NackAck = {
    ...verdict(taskId, outcome),
    appliedDelaySeconds: Math.ceil(requeued.delayMs / 1000),
    dlq: requeued.dead,
  };
  return { ended: outcome.ok, event: { event: { $case: "nackAck", value } } };
}

export async function abandon({ queue, who, log }: LeaseContext, { taskId }: Abandon): Promise<Answer> {
  const outcome = await orOutage(queue.abandon(who, taskId), log);
  const value: AbandonAck = verdict(taskId, outcome);
  return { ended: outcome.ok, event: { event: { $case: "abandonAck", value } } };
}

export async function heartbeat({ queue, who, log }: LeaseContext, message: Heartbeat): Promise<Answer> {
  const { taskId, extendSeconds } = message;
  const leaseMs = extendSeconds > 0 ? extendSeconds * 1000 : undefined;
  const value: HeartbeatAck = verdict(taskId, await orOutage(queue.heartbeat(who, taskId, leaseMs), log));
  return { ended: false, event: { event: { $case: "heartbeatAck", value } } };
}

export interface Answer {
  readonly event: ServerEvent;
  /** The worker holds the task no more. */
  readonly ended: boolean;
}

const NOT_REQUEUED: Requeued = { dead: false, delayMs: 0 };
