import type { Task } from "./task.ts";

/** What TaskQueue tells about what happened; metrics listen. Called after the commit, must not throw. */
export interface QueueObserver {
  created(command: string, count: number): void;
  claimed(tasks: readonly Task[], now: number): void;
  finished(command: string, state: "completed" | "failed" | "dead", createdMs: number, now: number): void;
  leasesExpired(command: string, count: number): void;
}
