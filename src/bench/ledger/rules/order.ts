import type { Census } from "../census.ts";
import type { Create, Delivery } from "../operation.ts";
import { laneOf, type TaskHistory } from "../task-history.ts";
import type { UnknownClaims } from "../unknown-claims.ts";
import type { Findings } from "../verdict.ts";

interface Turn {
  readonly create: Create;
  /** Undefined when it still waits in the end. */
  readonly delivery: Delivery | undefined;
}

/** Tasks whose turn can be compared: created once, at once claimable, and first delivered under our eyes. */
export class OrderBook {
  readonly lines = new Map<string, Turn[]>();
  readonly #shardOf: (id: string) => string | undefined;

  constructor(shardOf: (id: string) => string | undefined) {
    this.#shardOf = shardOf;
  }

  add({ creates, deliveries }: TaskHistory, census: Census): void {
    const [create, ...others] = creates;
    if (create?.id === undefined || others.length > 0 || create.outcome !== "ok" || create.delayMs > 0) return;
    const shard = this.#shardOf(create.id);
    const [delivery] = deliveries;
    const end = census.tasks.get(create.id);
    const comparable = delivery === undefined ? end?.state === "ready" && end.attempts === 0 : delivery.attempts === 1;
    if (shard === undefined || !comparable) return;
    const line = `${laneOf(create.tenant, create.command)}\u0000${create.priority}\u0000${shard}`;
    const turns = this.lines.get(line);
    if (turns === undefined) this.lines.set(line, [{ create, delivery }]);
    else turns.push({ create, delivery });
  }
}

/**
 * In each line: of two tasks created one after the other, the second must not be delivered before the first is asked
 * for. For each task it is enough to compare with the latest asked for among those created before it.
 */
export function checkOrder(book: OrderBook, unknownClaims: UnknownClaims, findings: Findings): void {
  for (const turns of book.lines.values()) {
    const byDone = [...turns].sort((a, b) => a.create.doneMs - b.create.doneMs);
    const byInvoke = [...turns].sort((a, b) => a.create.invokeMs - b.create.invokeMs);
    let latest: Turn | undefined;
    let next = 0;
    for (const turn of byInvoke) {
      for (let before = byDone[next]; before !== undefined; before = byDone[next]) {
        if (before.create.doneMs >= turn.create.invokeMs) break;
        if (latest === undefined || askedMs(before) > askedMs(latest)) latest = before;
        next += 1;
      }
      if (latest !== undefined) compare(latest, turn, unknownClaims, findings);
    }
  }
}

function compare(first: Turn, second: Turn, unknownClaims: UnknownClaims, findings: Findings): void {
  if (second.delivery === undefined || second.delivery.doneMs >= askedMs(first)) return;
  // A claim whose client vanished may have had the first one meanwhile, and its place was kept.
  if (unknownClaims.firstAfter(first.create.invokeMs) <= second.delivery.doneMs) return;
  const involved = [first.create, second.create, second.delivery];
  const message = `task ${second.create.id ?? ""} overtook ${first.create.id ?? ""}`;
  findings.add("first-in-first-out", message, first.delivery === undefined ? involved : [...involved, first.delivery]);
}

function askedMs({ delivery }: Turn): number {
  return delivery?.invokeMs ?? Number.POSITIVE_INFINITY;
}
