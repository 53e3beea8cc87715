import type { Abandon, Delivery, Heartbeat, Nack, Result } from "../operation.ts";
import type { TaskHistory } from "../task-history.ts";
import type { Findings } from "../verdict.ts";

/** One holder at a time, one result, no more deliveries than allowed. */
export function checkLeases(task: TaskHistory, clockErrorMs: number, findings: Findings): void {
  checkOverlaps(task, clockErrorMs, findings);
  checkFencing(task, findings);
  checkResults(task, findings);
  checkDeliveries(task, findings);
}

function checkOverlaps(task: TaskHistory, clockErrorMs: number, findings: Findings): void {
  for (const [index, later] of task.deliveries.entries()) {
    const earlier = task.deliveries[index - 1];
    if (earlier === undefined || earlier.id !== later.id) continue;
    if (!overlaps(task, earlier, later, clockErrorMs)) continue;
    // Claims that ran at the same time may have been granted in either order.
    if (later.invokeMs < earlier.doneMs && !overlaps(task, later, earlier, clockErrorMs)) continue;
    const lease = `the lease of ${earlier.worker} lasts until ${leaseEndMs(task, earlier, later)} at least`;
    findings.add("one-lease", `${lease}, and ${later.worker} had the task at ${later.doneMs}`, [earlier, later]);
  }
}

/** Whether `second` was certainly granted while the lease of `first` was alive. */
function overlaps(task: TaskHistory, first: Delivery, second: Delivery, clockErrorMs: number): boolean {
  return second.doneMs + clockErrorMs < Math.min(leaseEndMs(task, first, second), releaseMs(task, first));
}

/** The earliest moment at which the lease may have run out by itself. */
function leaseEndMs({ heartbeats }: TaskHistory, holder: Delivery, next: Delivery): number {
  let endMs = holder.invokeMs + holder.leaseMs;
  let lastDoneMs = holder.doneMs;
  for (const { worker, invokeMs, doneMs, outcome, leaseMs } of heartbeats) {
    if (worker !== holder.worker || doneMs < holder.invokeMs || invokeMs > next.doneMs) continue;
    const certain = outcome === "ok" && doneMs < next.invokeMs && invokeMs >= lastDoneMs;
    endMs = certain ? invokeMs + leaseMs : Math.min(endMs, invokeMs + leaseMs);
    lastDoneMs = Math.max(lastDoneMs, doneMs);
  }
  return endMs;
}

/** The earliest moment at which the holder may have given the task up. */
function releaseMs({ results, nacks, abandons }: TaskHistory, holder: Delivery): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const { worker, invokeMs, doneMs } of [...results, ...nacks, ...abandons]) {
    // One that was over before this lease began ended another one.
    if (worker !== holder.worker || doneMs < holder.invokeMs) continue;
    earliestMs = Math.min(earliestMs, Math.max(invokeMs, holder.invokeMs));
  }
  return earliestMs;
}

/** What a worker does to a task that has passed on to another must be refused. */
function checkFencing(task: TaskHistory, findings: Findings): void {
  for (const operation of [...task.heartbeats, ...task.results, ...task.nacks, ...task.abandons]) {
    const holder = task.deliveries.findLast(({ doneMs }) => doneMs <= operation.invokeMs);
    if (operation.outcome !== "ok" || holder === undefined || holder.worker === operation.worker) continue;
    if (task.deliveries.some((delivery) => mayHaveReturned(delivery, holder, operation))) continue;
    const message = `${operation.worker} was let act on a task that ${holder.worker} had got`;
    findings.add("one-lease", message, [holder, operation]);
  }
}

/** Whether the task may have come back to the worker of the operation after all. */
function mayHaveReturned(
  delivery: Delivery,
  holder: Delivery,
  operation: Heartbeat | Result | Nack | Abandon,
): boolean {
  const inTime = delivery.doneMs > holder.invokeMs && delivery.invokeMs <= operation.doneMs;
  return inTime && delivery.worker === operation.worker;
}

function checkResults({ results, deliveries }: TaskHistory, findings: Findings): void {
  const accepted = results.filter(({ outcome }) => outcome === "ok");
  const [first, second] = accepted;
  if (first !== undefined && second !== undefined) {
    findings.add("one-result", `task ${first.id} has ${accepted.length} accepted results`, accepted);
  }
  for (const result of accepted) {
    const held = deliveries.some(
      ({ id, worker, tenant, invokeMs }) =>
        id === result.id && worker === result.worker && tenant === result.tenant && invokeMs <= result.doneMs,
    );
    if (!held) findings.add("one-result", `${result.worker} never had task ${result.id}`, [result]);
  }
}

function checkDeliveries({ creates, deliveries, abandons }: TaskHistory, findings: Findings): void {
  const [first] = deliveries;
  if (first === undefined || creates.length === 0) return;
  const maxAttempts = Math.max(...creates.map((create) => create.maxAttempts));
  const highest = Math.max(deliveries.length, ...deliveries.map(({ attempts }) => attempts));
  if (highest > maxAttempts + abandons.length) {
    const allowed = `${maxAttempts} deliveries and ${abandons.length} abandoned ones`;
    findings.add("deliveries-bounded", `task ${first.id} may have ${allowed}, and had ${highest}`, deliveries);
  }
  if (new Set(deliveries.map(({ id, attempts }) => `${id} ${attempts}`)).size < deliveries.length) {
    findings.add("deliveries-bounded", `deliveries of task ${first.id} were not counted`, deliveries);
  }
}
