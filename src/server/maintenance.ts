import { type Duty, DutyLoop, type Schedule } from "./duty-loop.ts";
import type { Log } from "./log.ts";
import { CodeqError } from "./queue/errors.ts";
import type { TaskQueue } from "./queue/task-queue.ts";

export interface MaintenanceOptions {
  readonly queue: TaskQueue;
  readonly log: Log;
  readonly schedule: Schedule;
}

/** Tasks forgotten by one store call: small enough that requests hardly notice. */
const PRUNE_LIMIT = 1000;
const PRUNE_INTERVAL_MS = 5000;
const RECOVER_INTERVAL_MS = 5000;

/** The duties that nobody asks for: ending leases, waking delayed tasks, forgetting finished ones, mending the store. */
export class Maintenance {
  readonly #sweep: DutyLoop;
  readonly #prune: DutyLoop;
  readonly #recover: DutyLoop;

  constructor({ queue, log, schedule }: MaintenanceOptions) {
    const clock = (): number => queue.now();
    this.#sweep = new DutyLoop({ duty: sweepDuty(queue), clock, schedule, log });
    this.#prune = new DutyLoop({ duty: pruneDuty(queue), clock, schedule, log });
    this.#recover = new DutyLoop({ duty: recoverDuty(queue), clock, schedule, log });
    queue.onDue = (dueMs) => this.#sweep.wakeAt(dueMs);
  }

  /** What fell due while no server ran is found at once. */
  start(): void {
    this.#sweep.wakeAt(Number.NEGATIVE_INFINITY);
    this.#prune.wakeAt(Number.NEGATIVE_INFINITY);
    this.#recover.wakeAt(Number.NEGATIVE_INFINITY);
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    await Promise.all([this.#sweep.stop(), this.#prune.stop(), this.#recover.stop()]);
  }
}

/** Ends leases and makes delayed tasks ready, at the moment it is time for it. */
function sweepDuty(queue: TaskQueue): Duty {
  return { name: "sweep", runOnce: () => queue.sweepDue() };
}

/** Forgets finished tasks: while there are many, one batch after the other. */
function pruneDuty(queue: TaskQueue): Duty {
  return {
    name: "prune",
    runOnce: async () => {
      const pruned = await queue.pruneFinished(PRUNE_LIMIT);
      return queue.now() + (pruned >= PRUNE_LIMIT ? 0 : PRUNE_INTERVAL_MS);
    },
  };
}

/** Opens again what a storage fault has closed, once it can be opened, and sees when a full disk has room again. */
function recoverDuty(queue: TaskQueue): Duty {
  return {
    name: "recover",
    runOnce: async () => {
      if (queue.fault() !== undefined || queue.diskFull()) await queue.recover();
      const fault = queue.fault();
      if (fault !== undefined) throw new CodeqError("UNAVAILABLE", fault);
      return queue.now() + RECOVER_INTERVAL_MS;
    },
  };
}
