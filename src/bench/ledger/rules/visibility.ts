import type { Census } from "../census.ts";
import type { Create, Delivery, EmptyClaim, Operation } from "../operation.ts";
import { laneOf, type TaskHistory } from "../task-history.ts";
import type { UnknownClaims } from "../unknown-claims.ts";
import type { Findings } from "../verdict.ts";

/** While this lasts, a claim for the lane must find something. */
interface Visible {
  readonly fromMs: number;
  readonly untilMs: number;
  /** What made it so. */
  readonly cause: Operation;
}

/** When tasks were certainly there to be claimed, lane by lane. */
export class VisibilityBook {
  readonly lanes = new Map<string, Visible[]>();
  readonly lanesOfTenant = new Map<string, Set<string>>();
  readonly #unknownClaims: UnknownClaims;
  readonly #promotionMs: number;
  readonly #endMs: number;

  constructor(unknownClaims: UnknownClaims, promotionMs: number, endMs: number) {
    this.#unknownClaims = unknownClaims;
    this.#promotionMs = promotionMs;
    this.#endMs = endMs;
  }

  add(task: TaskHistory, census: Census): void {
    const [create, ...others] = task.creates;
    if (create?.id === undefined || others.length > 0 || create.outcome !== "ok") return;
    const waiting = census.tasks.get(create.id);
    const deliveries: (Delivery | undefined)[] = [...task.deliveries];
    if (waiting?.state === "ready") deliveries.push(undefined);
    for (const [index, next] of deliveries.entries()) {
      const previous = deliveries[index - 1];
      const attempts = next?.attempts ?? (waiting?.attempts ?? 0) + 1;
      // If it was delivered in between without our seeing, nobody knows when it was there.
      if (attempts !== (previous?.attempts ?? 0) + 1) continue;
      const begin = previous === undefined ? this.#created(create) : this.#givenBack(task, previous, next);
      if (begin !== undefined) this.#note(create, begin.cause, begin.fromMs, next?.invokeMs ?? this.#endMs);
    }
  }

  #created(create: Create) {
    const { invokeMs, doneMs, delayMs } = create;
    return { cause: create, fromMs: delayMs > 0 ? Math.max(doneMs, invokeMs + delayMs) + this.#promotionMs : doneMs };
  }

  #givenBack({ nacks, abandons }: TaskHistory, previous: Delivery, next: Delivery | undefined) {
    const untilMs = next?.invokeMs ?? this.#endMs;
    const cause = [...nacks, ...abandons].find(
      ({ outcome, invokeMs, doneMs }) => outcome === "ok" && invokeMs >= previous.doneMs && doneMs <= untilMs,
    );
    if (cause === undefined) return undefined;
    const delayMs = cause.op === "nack" ? (cause.delayMs ?? Number.POSITIVE_INFINITY) : 0;
    return { cause, fromMs: delayMs > 0 ? cause.doneMs + delayMs + this.#promotionMs : cause.doneMs };
  }

  #note({ tenant, command }: Create, cause: Operation, fromMs: number, endMs: number): void {
    const untilMs = Math.min(endMs, this.#unknownClaims.firstAfter(fromMs));
    if (untilMs <= fromMs) return;
    const lane = laneOf(tenant, command);
    const visible = this.lanes.get(lane);
    if (visible === undefined) this.lanes.set(lane, [{ fromMs, untilMs, cause }]);
    else visible.push({ fromMs, untilMs, cause });
    const ofTenant = this.lanesOfTenant.get(tenant);
    if (ofTenant === undefined) this.lanesOfTenant.set(tenant, new Set([lane]));
    else ofTenant.add(lane);
  }
}

export function checkVisibility(book: VisibilityBook, claims: Iterable<EmptyClaim>, findings: Findings): void {
  const lanes = new Map(Array.from(book.lanes, ([lane, visible]) => [lane, new Coverage(visible)]));
  for (const claim of claims) {
    if (claim.outcome !== "ok") continue;
    const { tenant, commands } = claim;
    const wanted = commands?.map((command) => laneOf(tenant, command)) ?? book.lanesOfTenant.get(tenant) ?? [];
    for (const lane of wanted) {
      const visible = lanes.get(lane)?.covering(claim);
      if (visible === undefined) continue;
      const message = `a claim came back empty, with a task there from ${visible.fromMs} to ${visible.untilMs}`;
      findings.add("no-empty-claim", message, [visible.cause, claim]);
      break;
    }
  }
}

/** Answers whether one of many intervals covers another. */
class Coverage {
  readonly #byStart: readonly Visible[];
  /** The one that ends last among the first n + 1. */
  readonly #longest: Visible[] = [];

  constructor(visible: readonly Visible[]) {
    this.#byStart = [...visible].sort((a, b) => a.fromMs - b.fromMs);
    let longest: Visible | undefined;
    for (const interval of this.#byStart) {
      if (longest === undefined || interval.untilMs > longest.untilMs) longest = interval;
      this.#longest.push(longest);
    }
  }

  covering({ invokeMs, doneMs }: EmptyClaim): Visible | undefined {
    let [low, high] = [0, this.#byStart.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#byStart[middle]?.fromMs ?? Number.POSITIVE_INFINITY) <= invokeMs) low = middle + 1;
      else high = middle;
    }
    const longest = this.#longest[low - 1];
    return longest !== undefined && longest.untilMs >= doneMs ? longest : undefined;
  }
}
