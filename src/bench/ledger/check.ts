import type { Census } from "./census.ts";
import type { Ledger } from "./ledger.ts";
import { checkConservation, IdentityBook } from "./rules/conservation.ts";
import { checkLeases } from "./rules/leases.ts";
import { checkOrder, OrderBook } from "./rules/order.ts";
import { SumBook } from "./rules/sums.ts";
import { checkTenants } from "./rules/tenants.ts";
import { checkDueTimes } from "./rules/timing.ts";
import { checkVisibility, VisibilityBook } from "./rules/visibility.ts";
import { taskHistory } from "./task-history.ts";
import { UnknownClaims } from "./unknown-claims.ts";
import { Findings, type Verdict } from "./verdict.ts";

export interface CheckOptions {
  /** What the clocks of client and server may differ by over a lease or delay. */
  readonly clockErrorMs: number;
  /** How late a delayed task may become claimable. Lateness is a matter of load, so this is generous. */
  readonly promotionMs: number;
  /** Which part of the server keeps the task: order is promised within a part. Undefined where that cannot be told. */
  readonly shardOf: (id: string) => string | undefined;
}

/**
 * Holds the history of a run, and what is there in its end, against what a queue promises (`RULES`). Whatever could have
 * been is believed: a violation is something that no order of events within the observed intervals explains.
 */
export function checkLedger(ledger: Ledger, census: Census, options: CheckOptions): Verdict {
  const findings = new Findings();
  const unknownClaims = new UnknownClaims(ledger.emptyClaims());
  const identities = new IdentityBook(findings);
  const order = new OrderBook(options.shardOf);
  const visibility = new VisibilityBook(unknownClaims, options.promotionMs, census.takenMs);
  const sums = new SumBook(census);
  let tasks = 0;
  for (const operations of ledger.tasks()) {
    tasks += 1;
    const task = taskHistory(operations);
    checkConservation(task, census, findings);
    checkLeases(task, options.clockErrorMs, findings);
    checkDueTimes(task, options.clockErrorMs, findings);
    checkTenants(task, findings);
    identities.add(task);
    order.add(task, census);
    visibility.add(task, census);
    sums.add(task);
  }
  checkOrder(order, unknownClaims, findings);
  checkVisibility(visibility, ledger.emptyClaims(), findings);
  sums.check(findings);
  return findings.verdict(ledger.size, tasks);
}
