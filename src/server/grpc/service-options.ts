import type { Authenticators } from "../auth/authenticators.ts";
import type { Schedule } from "../duty-loop.ts";
import type { Log } from "../log.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import type { StreamDirection } from "./dialogue.ts";
import type { GrpcLimits } from "./grpc-limits.ts";
import type { StreamRate } from "./rate-gate.ts";
import type { StreamObserver } from "./stream-observer.ts";

/** What both kinds of stream work with. */
export interface ServiceOptions {
  readonly queue: TaskQueue;
  readonly authenticators: Authenticators;
  readonly limits: GrpcLimits;
  /** Of creates and of Readys; undefined without a limit. */
  readonly rates: Readonly<Record<StreamDirection, StreamRate | undefined>>;
  readonly observer: StreamObserver;
  readonly schedule: Schedule;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Log;
}
