import type { QueueObserver } from "./observer.ts";
import type { QueuePolicy } from "./policy.ts";
import type { Store } from "./store.ts";
import { TaskQueue } from "./task-queue.ts";

export const POLICY: QueuePolicy = {
  leaseMsDefault: 300_000,
  leaseMsMax: 3_600_000,
  maxAttemptsDefault: 5,
  retry: { backoff: "fixed", baseMs: 5000, maxMs: 900_000 },
  retentionMs: 60_000,
  delayMsMax: 86_400_000,
  commandBytesMax: 64,
  payloadBytesMax: 1000,
  idempotencyKeyBytesMax: 64,
  webhookBytesMax: 200,
  waitersMax: 600,
  shards: 1,
};

/** For tests: a queue whose time stands still unless told, and that remembers what it told its observer. */
export class QueueFixture implements QueueObserver {
  now = Date.UTC(2026, 0, 1);
  readonly told: string[] = [];
  readonly dues: number[] = [];
  readonly queue: TaskQueue;

  constructor(store: Store, policy: Partial<QueuePolicy> = {}) {
    this.queue = new TaskQueue({
      store,
      policy: { ...POLICY, ...policy },
      observer: this,
      clock: () => this.now,
      random: () => 1,
    });
    this.queue.onDue = (dueMs) => this.dues.push(dueMs - this.now);
  }

  created(command: string, count: number): void {
    this.told.push(`created ${count} ${command}`);
  }

  claimed(tasks: readonly unknown[]): void {
    this.told.push(`claimed ${tasks.length}`);
  }

  finished(command: string, state: string, createdMs: number, now: number): void {
    this.told.push(`${state} ${command} after ${now - createdMs}`);
  }

  leasesExpired(command: string, count: number): void {
    this.told.push(`expired ${count} ${command}`);
  }
}
