import { LiveCounts } from "./live-counts.ts";
import type { LoadPlan, ProducerPlan, WorkerPlan } from "./load-plan.ts";
import { RunClock } from "./run-clock.ts";
import { PAYLOAD_BYTES_MIN } from "./task-payload.ts";
import { TaskRows } from "./task-rows.ts";

/** Test-only: what one load thread does, by default nothing, with room for a hundred tasks. */
export function loadPlan(change: Partial<LoadPlan> = {}): LoadPlan {
  return {
    endpoints: { httpUrl: "http://127.0.0.1:1", producerUrl: "http://127.0.0.1:1", workerUrl: "http://127.0.0.1:1" },
    token: "dev-token",
    command: "TESTED",
    payloadBytes: PAYLOAD_BYTES_MIN,
    originMs: RunClock.now() - 1000,
    seed: 1,
    prefilled: 0,
    rows: TaskRows.bufferFor(100),
    counts: new SharedArrayBuffer(LiveCounts.bytes),
    thread: 0,
    producers: undefined,
    workers: undefined,
    ...change,
  };
}

/** Test-only: one slot of a closed loop over a stream. */
export function producerPlan(change: Partial<ProducerPlan> = {}): ProducerPlan {
  const closed = { ratePerSecond: undefined, tasksMax: undefined, delays: undefined };
  return { via: "stream", slots: 1, batch: 1, ...closed, ...change };
}

/** Test-only: one slot that claims one task at a time. */
export function workerPlan(change: Partial<WorkerPlan> = {}): WorkerPlan {
  return { via: "stream", slots: 1, batch: 1, leaseSeconds: 300, ...change };
}
