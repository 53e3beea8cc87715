import { sameWords } from "../load/task-id-words.ts";
import { CREATE, RESULT, ROW, type TaskRows } from "../load/task-rows.ts";

/** What all rows together say. */
export interface RowSums {
  readonly creates: number;
  readonly createsAcked: number;
  readonly createsUnknown: number;
  readonly delivered: number;
  readonly resultsAcked: number;
  readonly resultsUnknown: number;
  /** Acknowledged, never delivered. */
  readonly queued: number;
  /** Delivered, without an acknowledged result. */
  readonly unfinished: number;
}

export interface Screening {
  readonly sums: RowSums;
  /** Tasks that need a closer look, at most so many. */
  readonly suspects: readonly number[];
  readonly suspectsTotal: number;
}

const SUSPECTS_MAX = 200;

/** Looks at every task of a run for states that a queue that keeps its promises does not leave. */
export function screenRows(rows: TaskRows): Screening {
  const sums = {
    creates: 0,
    createsAcked: 0,
    createsUnknown: 0,
    delivered: 0,
    resultsAcked: 0,
    resultsUnknown: 0,
    queued: 0,
    unfinished: 0,
  };
  const suspects: number[] = [];
  let suspectsTotal = 0;
  for (let tag = 0; tag < rows.size; tag += 1) {
    const create = rows.value(tag, ROW.create);
    const deliveries = rows.value(tag, ROW.deliveries);
    const result = rows.value(tag, ROW.result);
    if (create === CREATE.none && deliveries === 0) continue;
    sums.creates += 1;
    if (create === CREATE.acked) sums.createsAcked += 1;
    if (create === CREATE.sent) sums.createsUnknown += 1;
    if (create === CREATE.acked && deliveries === 0) sums.queued += 1;
    if (deliveries > 0) sums.delivered += 1;
    if (result === RESULT.acked) sums.resultsAcked += 1;
    else if (deliveries > 0) sums.unfinished += 1;
    if (result === RESULT.sent) sums.resultsUnknown += 1;
    if (!isSuspect(rows, tag, create, deliveries)) continue;
    suspectsTotal += 1;
    if (suspects.length < SUSPECTS_MAX) suspects.push(tag);
  }
  return { sums, suspects, suspectsTotal };
}

function isSuspect(rows: TaskRows, tag: number, create: number, deliveries: number): boolean {
  if (deliveries === 0) return false;
  if (deliveries > 1 || create === CREATE.refused || create === CREATE.none) return true;
  if (rows.value(tag, ROW.attempts) !== 1) return true;
  const createUs = rows.time(tag, ROW.createInvoke);
  const deliverUs = rows.time(tag, ROW.deliverDone);
  if (deliverUs < createUs + rows.value(tag, ROW.delayMs) * 1000) return true;
  const at = rows.at(tag);
  return create === CREATE.acked && !sameWords(rows.words, at + ROW.createdId, rows.words, at + ROW.deliveredId);
}
