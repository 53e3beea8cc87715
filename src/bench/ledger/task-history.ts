import {
  type Abandon,
  type Create,
  type Delivery,
  type Heartbeat,
  mayHaveHappened,
  type Nack,
  type Operation,
  type Result,
} from "./operation.ts";

/** What happened, or may have happened, to one task. Refused operations are left out. */
export interface TaskHistory {
  readonly creates: readonly Create[];
  /** In the order the answers came. */
  readonly deliveries: readonly Delivery[];
  readonly heartbeats: readonly Heartbeat[];
  readonly results: readonly Result[];
  readonly nacks: readonly Nack[];
  readonly abandons: readonly Abandon[];
  /** Every id the task was seen under; one, if all is well. */
  readonly ids: readonly string[];
  readonly operations: readonly Operation[];
}

/** @param operations all of one tag */
export function taskHistory(operations: readonly Operation[]): TaskHistory {
  const happened = operations.filter(mayHaveHappened);
  const creates = happened.filter((operation) => operation.op === "create");
  const deliveries = happened.filter((operation) => operation.op === "deliver");
  return {
    creates,
    deliveries: deliveries.sort((a, b) => (a.doneMs === b.doneMs ? a.attempts - b.attempts : a.doneMs - b.doneMs)),
    heartbeats: happened.filter((operation) => operation.op === "heartbeat").sort((a, b) => a.doneMs - b.doneMs),
    results: happened.filter((operation) => operation.op === "result"),
    nacks: happened.filter((operation) => operation.op === "nack"),
    abandons: happened.filter((operation) => operation.op === "abandon"),
    ids: [...new Set([...creates.flatMap(({ id }) => id ?? []), ...deliveries.map(({ id }) => id)])],
    operations: happened,
  };
}

/** The lane of a task: a tenant's commands are told apart without regard to case. */
export function laneOf(tenant: string, command: string): string {
  return `${tenant}\u0000${command.toLowerCase()}`;
}
