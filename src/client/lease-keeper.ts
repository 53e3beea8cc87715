import type { HeartbeatAck } from "../../proto/generated/worker.ts";
import { CodeqError } from "./codeq-error.ts";
import type { HeldTask } from "./held-task.ts";
import type { Timing } from "./timing.ts";

export interface LeaseKeeperOptions {
  readonly leaseMs: number;
  readonly timing: Timing;
  /** @returns false when it cannot be sent now */
  readonly sendHeartbeat: (taskId: string) => boolean;
  readonly onLost: (task: HeldTask) => void;
}

/** Heartbeats are sent when this part of a lease is over. */
const HEARTBEATS_PER_LEASE = 3;
const LOOKS_PER_HEARTBEAT = 4;

/**
 * The tasks a worker holds, and the heartbeats that keep them: one timer for all. A task whose lease ran out without a
 * successful heartbeat counts as lost, without asking the server.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  /** By id; the next heartbeat is due in this order. */
  readonly #held = new Map<string, HeldTask>();
  #cancelTimer: (() => void) | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** As they are now: may be lost and released meanwhile. */
  get tasks(): readonly HeldTask[] {
    return Array.from(this.#held.values());
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** An older delivery of the same task has lost its lease, or it would not have come again. */
  add(task: HeldTask): void {
    const older = this.#held.get(task.id);
    if (older !== undefined) this.#lose(older, "it was delivered again");
    this.#held.set(task.id, task);
    this.#watch();
  }

  /** A task that has just been delivered. */
  get freshLease(): { readonly leaseEndsMs: number; readonly nextHeartbeatMs: number } {
    const { leaseMs, timing } = this.#options;
    const nowMs = timing.nowMs();
    return { leaseEndsMs: nowMs + leaseMs, nextHeartbeatMs: nowMs + leaseMs / HEARTBEATS_PER_LEASE };
  }

  /** @returns false if it was lost before */
  release(task: HeldTask): boolean {
    if (task.lost !== undefined || this.#held.get(task.id) !== task) return false;
    this.#held.delete(task.id);
    return true;
  }

  answered({ taskId, ok, errorCode, errorMessage }: HeartbeatAck): void {
    const task = this.#held.get(taskId);
    const sentMs = task?.heartbeatsSentMs.shift();
    if (task === undefined || sentMs === undefined) return;
    if (ok) task.leaseEndsMs = Math.max(task.leaseEndsMs, sentMs + this.#options.leaseMs);
    else if (LOST.has(errorCode)) this.#lose(task, errorMessage);
  }

  /** Nothing that was sent will be answered. */
  disconnected(): void {
    for (const task of this.#held.values()) task.heartbeatsSentMs.length = 0;
  }

  /** Asks for every task whether it is still ours, and makes its lease longer. */
  reconnected(): void {
    const nowMs = this.#options.timing.nowMs();
    for (const task of this.tasks) this.#heartbeat(task, nowMs);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #watch(): void {
    const { leaseMs, timing } = this.#options;
    const lookMs = leaseMs / HEARTBEATS_PER_LEASE / LOOKS_PER_HEARTBEAT;
    this.#cancelTimer ??= timing.after(lookMs, () => {
      this.#cancelTimer = undefined;
      this.#look(timing.nowMs());
      if (this.#held.size > 0) this.#watch();
    });
  }

  #look(nowMs: number): void {
    for (const task of this.tasks) {
      if (task.nextHeartbeatMs > nowMs) break;
      if (nowMs >= task.leaseEndsMs) this.#lose(task, "its lease ran out");
      else this.#heartbeat(task, nowMs);
    }
  }

  #heartbeat(task: HeldTask, nowMs: number): void {
    // What cannot be sent stays first in line.
    if (!this.#options.sendHeartbeat(task.id)) return;
    task.heartbeatsSentMs.push(nowMs);
    task.nextHeartbeatMs = nowMs + this.#options.leaseMs / HEARTBEATS_PER_LEASE;
    this.#held.delete(task.id);
    this.#held.set(task.id, task);
  }

  #lose(task: HeldTask, reason: string): void {
    this.#held.delete(task.id);
    task.lose(new CodeqError("LEASE_LOST", `task ${task.id} is no longer ours: ${reason}`));
    this.#options.onLost(task);
  }
}

const LOST: ReadonlySet<string> = new Set(["NOT_OWNER", "NOT_FOUND", "NOT_IN_PROGRESS"]);
