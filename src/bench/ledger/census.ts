/** What is there when all is over, seen from outside: every task by its id, and the sums the server itself tells. */
export interface Census {
  /** When the looking began, on the clock of the operations. */
  readonly takenMs: number;
  /** Finished tasks may be gone this long after their end. */
  readonly retentionMs: number;
  /** By id; what the server does not know is absent. */
  readonly tasks: ReadonlyMap<string, FinalTask>;
  /** Admin statistics, metrics, rows of the files: each must add up to the tasks above. */
  readonly sums: readonly LaneSum[];
}

export type FinalState = "ready" | "delayed" | "leased" | "completed" | "failed" | "dead";

export interface FinalTask {
  readonly state: FinalState;
  readonly attempts: number;
}

/** How many tasks of a lane are in each state, for the states this source tells of. */
export interface LaneSum {
  /** Such as "admin statistics". */
  readonly source: string;
  readonly tenant: string;
  readonly command: string;
  readonly counts: Readonly<Partial<Record<FinalState, number>>>;
}
