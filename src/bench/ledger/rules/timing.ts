import type { Delivery, Nack } from "../operation.ts";
import type { TaskHistory } from "../task-history.ts";
import type { Findings } from "../verdict.ts";

/** A delay may end late, never early: neither that of a new task nor that of one given back. */
export function checkDueTimes(task: TaskHistory, clockErrorMs: number, findings: Findings): void {
  const { creates, deliveries, nacks } = task;
  const [first] = deliveries;
  const dueMs = Math.min(...creates.map(({ invokeMs, delayMs }) => invokeMs + delayMs));
  if (first !== undefined && creates.length > 0 && first.doneMs + clockErrorMs < dueMs) {
    findings.add("not-too-early", `task ${first.id} was due at ${dueMs}, delivered at ${first.doneMs}`, [
      ...creates,
      first,
    ]);
  }
  for (const nack of nacks) {
    if (nack.outcome !== "ok" || nack.delayMs === undefined) continue;
    const next = deliveries.find((delivery) => isAfter(delivery, nack));
    const againMs = nack.invokeMs + nack.delayMs;
    if (next === undefined || next.doneMs + clockErrorMs >= againMs) continue;
    findings.add("not-too-early", `task ${next.id} was due again at ${againMs}, delivered at ${next.doneMs}`, [
      nack,
      next,
    ]);
  }
}

/** Whether the delivery certainly came after the task was given back. */
function isAfter(delivery: Delivery, nack: Nack): boolean {
  if (delivery.invokeMs >= nack.doneMs) return true;
  // It overlaps: the nack cannot have ended this delivery's own lease if another worker holds that.
  return delivery.doneMs > nack.doneMs && delivery.worker !== nack.worker;
}
