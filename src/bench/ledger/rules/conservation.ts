import type { Census } from "../census.ts";
import type { TaskHistory } from "../task-history.ts";
import type { Findings } from "../verdict.ts";

/** Nothing lost, nothing invented, nothing twice. */
export function checkConservation(task: TaskHistory, census: Census, findings: Findings): void {
  checkStillThere(task, census, findings);
  checkEnd(task, census, findings);
  checkRedelivery(task, findings);
  for (const delivery of task.deliveries) {
    if (!task.creates.some(({ invokeMs }) => invokeMs <= delivery.doneMs)) {
      findings.add("nothing-invented", `task ${delivery.id} was delivered before anybody created it`, [delivery]);
    }
  }
  checkIds(task, findings);
}

function checkStillThere({ creates, results, nacks }: TaskHistory, census: Census, findings: Findings): void {
  const ends = [...results, ...nacks.filter(({ dead }) => dead)].filter(({ outcome }) => outcome === "ok");
  const forgettable = ends.some(({ invokeMs }) => invokeMs + census.retentionMs <= census.takenMs);
  for (const create of creates) {
    if (create.outcome !== "ok" || create.id === undefined || census.tasks.has(create.id) || forgettable) continue;
    findings.add("nothing-lost", `task ${create.id} was acknowledged and is gone`, [create]);
  }
}

function checkEnd({ results, nacks }: TaskHistory, census: Census, findings: Findings): void {
  const ends = [
    ...results.map((operation) => ({ operation, state: operation.state })),
    ...nacks.filter(({ dead }) => dead).map((operation) => ({ operation, state: "dead" as const })),
  ];
  for (const { operation, state } of ends) {
    const found = census.tasks.get(operation.id)?.state;
    if (operation.outcome !== "ok" || found === undefined || found === state) continue;
    findings.add("nothing-lost", `task ${operation.id} was acknowledged as ${state} and is ${found}`, [operation]);
  }
}

function checkRedelivery({ results, deliveries }: TaskHistory, findings: Findings): void {
  for (const result of results) {
    if (result.outcome !== "ok") continue;
    const again = deliveries.find(({ id, invokeMs }) => id === result.id && invokeMs > result.doneMs);
    if (again === undefined) continue;
    findings.add("nothing-lost", `task ${result.id} was delivered after its result was accepted`, [result, again]);
  }
}

function checkIds({ creates, ids, operations }: TaskHistory, findings: Findings): void {
  const keys = new Set(creates.flatMap(({ idempotencyKey }) => idempotencyKey ?? []));
  const free = creates.filter(({ idempotencyKey }) => idempotencyKey === undefined).length;
  if (creates.length === 0 || ids.length <= free + keys.size) return;
  const rule = keys.size > 0 ? "one-key-one-task" : "created-once";
  findings.add(rule, `one create made the tasks ${ids.join(" and ")}`, operations);
}

/** Tells ids that stand for more than one create, and keys that stand for more than one id. */
export class IdentityBook {
  readonly #findings: Findings;
  readonly #ownerOfId = new Map<string, string>();
  readonly #idOfKey = new Map<string, string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  add({ creates, ids, operations }: TaskHistory): void {
    const [first] = creates;
    if (first === undefined) return;
    const keyed = creates.find(({ idempotencyKey }) => idempotencyKey !== undefined);
    const key = keyed === undefined ? undefined : `${keyed.tenant}\u0000${keyed.idempotencyKey ?? ""}`;
    for (const id of ids) {
      const owner = key ?? String(first.tag);
      const known = this.#ownerOfId.get(id);
      if (known === undefined) this.#ownerOfId.set(id, owner);
      else if (known !== owner) this.#findings.add("created-once", `two creates made the one task ${id}`, operations);
    }
    const [id] = ids;
    if (key === undefined || id === undefined) return;
    const known = this.#idOfKey.get(key);
    if (known === undefined) this.#idOfKey.set(key, id);
    else if (known !== id) {
      const message = `idempotency key ${keyed?.idempotencyKey ?? ""} stands for ${known} and ${id}`;
      this.#findings.add("one-key-one-task", message, creates);
    }
  }
}
