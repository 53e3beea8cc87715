import type { QueueObserver } from "../queue/observer.ts";
import type { Task } from "../queue/task.ts";
import { BucketHistogram, LATENCY_BOUNDS_SECONDS } from "./bucket-histogram.ts";
import type { CommandLabels } from "./command-labels.ts";
import type { Family, Sample } from "./family.ts";

type Status = "COMPLETED" | "FAILED";

/** What one command has seen since the start. */
class CommandTally {
  created = 0;
  claimed = 0;
  leasesExpired = 0;
  readonly finished: Record<Status, number> = { COMPLETED: 0, FAILED: 0 };
  readonly latency: Readonly<Record<Status, BucketHistogram>> = {
    COMPLETED: new BucketHistogram(LATENCY_BOUNDS_SECONDS),
    FAILED: new BucketHistogram(LATENCY_BOUNDS_SECONDS),
  };
  readonly queueWait = new BucketHistogram(LATENCY_BOUNDS_SECONDS);
}

/** Counts what happens to tasks, by command. Called for each task: looks one map up and allocates nothing. */
export class CommandMetrics implements QueueObserver {
  readonly #labels: CommandLabels;
  readonly #tallies = new Map<string, CommandTally>();
  /** By command as spelled, so that the usual spelling need not be folded. */
  readonly #bySpelling = new Map<string, CommandTally>();

  constructor(labels: CommandLabels) {
    this.#labels = labels;
  }

  created(command: string, count: number): void {
    this.#tally(command).created += count;
  }

  claimed(tasks: readonly Task[], now: number): void {
    for (const task of tasks) {
      const tally = this.#tally(task.command);
      tally.claimed += 1;
      // Later deliveries waited for something else: a lease, a backoff.
      if (task.attempts === 1) tally.queueWait.observe((now - task.createdMs) / 1000);
    }
  }

  finished(command: string, state: "completed" | "failed" | "dead", createdMs: number, now: number): void {
    const tally = this.#tally(command);
    const status: Status = state === "completed" ? "COMPLETED" : "FAILED";
    tally.finished[status] += 1;
    // An expired lease finishes a task whose creation is not at hand: it says `now`, which is no latency.
    if (state !== "dead" || createdMs !== now) tally.latency[status].observe((now - createdMs) / 1000);
  }

  leasesExpired(command: string, count: number): void {
    this.#tally(command).leasesExpired += count;
  }

  families(): Family[] {
    return [
      this.#counter("codeq_task_created_total", "Tasks created", (tally) => tally.created),
      this.#counter("codeq_task_claimed_total", "Tasks claimed, once for each delivery", (tally) => tally.claimed),
      this.#counter("codeq_lease_expired_total", "Leases that ended without a result", (tally) => tally.leasesExpired),
      {
        name: "codeq_task_completed_total",
        help: "Tasks finished; FAILED includes those that became dead",
        type: "counter",
        collect: () => this.#samplesByStatus((tally, labels, status) => [{ labels, value: tally.finished[status] }]),
      },
      {
        name: LATENCY,
        help: "From creation to the end of a task",
        type: "histogram",
        collect: () => this.#samplesByStatus((tally, labels, status) => tally.latency[status].samples(LATENCY, labels)),
      },
      {
        name: QUEUE_WAIT,
        help: "From creation to the first delivery of a task, delays included",
        type: "histogram",
        collect: () => this.#samples((tally, command) => tally.queueWait.samples(QUEUE_WAIT, { command })),
      },
    ];
  }

  #tally(command: string): CommandTally {
    return this.#bySpelling.get(command) ?? this.#tallyOfNew(command);
  }

  #tallyOfNew(command: string): CommandTally {
    const label = this.#labels.labelOf(command);
    let tally = this.#tallies.get(label);
    if (tally === undefined) {
      tally = new CommandTally();
      this.#tallies.set(label, tally);
    }
    // Clients choose spellings: a few for each label are worth remembering.
    if (this.#bySpelling.size < this.#labels.max * 4) this.#bySpelling.set(command, tally);
    return tally;
  }

  #counter(name: string, help: string, value: (tally: CommandTally) => number): Family {
    const collect = (): Sample[] =>
      this.#samples((tally, command) => (value(tally) === 0 ? [] : [{ labels: { command }, value: value(tally) }]));
    return { name, help, type: "counter", collect };
  }

  #samples(of: (tally: CommandTally, command: string) => readonly Sample[]): Sample[] {
    return [...this.#tallies].flatMap(([command, tally]) => of(tally, command));
  }

  #samplesByStatus(
    of: (
      tally: CommandTally,
      labels: { readonly command: string; readonly status: Status },
      status: Status,
    ) => Sample[],
  ): Sample[] {
    return this.#samples((tally, command) =>
      (["COMPLETED", "FAILED"] as const).flatMap((status) =>
        tally.finished[status] === 0 ? [] : of(tally, { command, status }, status),
      ),
    );
  }
}

const LATENCY = "codeq_task_processing_latency_seconds";
const QUEUE_WAIT = "codeq_queue_wait_seconds";
