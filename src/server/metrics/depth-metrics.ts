import type { LaneStats } from "../queue/store.ts";
import type { CommandLabels } from "./command-labels.ts";
import type { Family, Sample } from "./family.ts";

const QUEUES = ["ready", "delayed", "in_progress", "dlq"] as const;
const STATUSES = ["COMPLETED", "FAILED"] as const;

type Depths = Record<(typeof QUEUES)[number] | (typeof STATUSES)[number], number>;

/** How many tasks are where, summed over tenants. */
export class DepthMetrics {
  readonly #labels: CommandLabels;
  #depths: ReadonlyMap<string, Depths> = new Map();

  constructor(labels: CommandLabels) {
    this.#labels = labels;
  }

  /** Called before each scrape. */
  update(lanes: readonly LaneStats[]): void {
    const depths = new Map<string, Depths>();
    for (const lane of lanes) {
      const label = this.#labels.labelOf(lane.command);
      const sum = depths.get(label) ?? { ready: 0, delayed: 0, in_progress: 0, dlq: 0, COMPLETED: 0, FAILED: 0 };
      sum.ready += lane.ready.reduce((total, count) => total + count, 0);
      sum.delayed += lane.delayed;
      sum.in_progress += lane.leased;
      sum.dlq += lane.dead;
      sum.COMPLETED += lane.completed;
      sum.FAILED += lane.failed;
      depths.set(label, sum);
    }
    this.#depths = depths;
  }

  families(): Family[] {
    return [
      {
        name: "codeq_queue_depth",
        help: "Tasks that are not finished, and dead letters",
        type: "gauge",
        collect: () =>
          this.#samples((sum, command) => QUEUES.map((queue) => ({ labels: { command, queue }, value: sum[queue] }))),
      },
      {
        name: "codeq_dlq_depth",
        help: "Dead letters",
        type: "gauge",
        collect: () => this.#samples((sum, command) => [{ labels: { command }, value: sum.dlq }]),
      },
      {
        name: "codeq_finished_tasks",
        help: "Finished tasks whose retention is not over, dead letters aside",
        type: "gauge",
        collect: () =>
          this.#samples((sum, command) =>
            STATUSES.map((status) => ({ labels: { command, status }, value: sum[status] })),
          ),
      },
    ];
  }

  #samples(of: (sum: Depths, command: string) => Sample[]): Sample[] {
    return [...this.#depths].flatMap(([command, sum]) => of(sum, command));
  }
}
