import type { Operation, Outcome, Tag } from "./operation.ts";

/** How many numbers an operation is. */
export const ROW_NUMBERS = 12;

/** kind, outcome, invokeMs, doneMs, tenant, tag; then what differs from kind to kind. Texts are numbers of `Texts`. */
export function encodeRow(operation: Operation, texts: Texts): number[] {
  const { op, outcome, invokeMs, doneMs, tenant } = operation;
  const tag = op === "claim" ? Number.NaN : operation.tag;
  return [
    KINDS.indexOf(op),
    OUTCOMES.indexOf(outcome),
    invokeMs,
    doneMs,
    texts.numberOf(tenant),
    tag,
    ...detailsOf(operation, texts),
  ];
}

/** The tag in a row; undefined for a claim that brought no task. */
export function taggedRow(row: Float64Array): Tag | undefined {
  const tag = row[5] ?? Number.NaN;
  return Number.isNaN(tag) ? undefined : tag;
}

export function decodeRow(row: Float64Array, texts: Texts): Operation {
  const [kind = 0, outcome = 0, invokeMs = 0, doneMs = 0, tenant = 0, tag = 0] = row;
  const [id = 0, who = 0, command = 0, first = 0, second = 0, third = 0] = row.subarray(6);
  const seen = { invokeMs, doneMs, outcome: OUTCOMES[outcome] ?? "unknown", tenant: texts.at(tenant) ?? "" };
  const worker = texts.at(who) ?? "";
  const ofTask = { ...seen, tag, id: texts.at(id) ?? "", worker };
  switch (KINDS[kind] ?? "claim") {
    case "create": {
      const spec = { command: texts.at(command) ?? "", priority: first, maxAttempts: second, delayMs: third };
      return { op: "create", ...seen, tag, id: texts.at(id), idempotencyKey: texts.at(who), ...spec };
    }
    case "deliver": {
      const lease = { command: texts.at(command) ?? "", leaseMs: first, attempts: second };
      return { op: "deliver", ...ofTask, outcome: "ok", ...lease };
    }
    case "claim":
      return { op: "claim", ...seen, worker, commands: commandsIn(texts.at(command)) };
    case "heartbeat":
      return { op: "heartbeat", ...ofTask, leaseMs: first };
    case "result":
      return { op: "result", ...ofTask, state: first === 1 ? "completed" : "failed" };
    case "nack":
      return { op: "nack", ...ofTask, delayMs: Number.isNaN(first) ? undefined : first, dead: second === 1 };
    case "abandon":
      return { op: "abandon", ...ofTask };
  }
}

const KINDS: readonly Operation["op"][] = ["create", "deliver", "claim", "heartbeat", "result", "nack", "abandon"];
const OUTCOMES: readonly Outcome[] = ["ok", "fail", "unknown"];

/** Slots: id, worker or idempotency key, command, then numbers. */
function detailsOf(operation: Operation, texts: Texts): number[] {
  if (operation.op === "create") {
    const { id, idempotencyKey, command, priority, maxAttempts, delayMs } = operation;
    const names = [texts.numberOf(id), texts.numberOf(idempotencyKey), texts.numberOf(command)];
    return [...names, priority, maxAttempts, delayMs];
  }
  const worker = texts.numberOf(operation.worker);
  if (operation.op === "claim") {
    const { commands } = operation;
    return [0, worker, texts.numberOf(commands === undefined ? undefined : JSON.stringify(commands))];
  }
  const id = texts.numberOf(operation.id);
  switch (operation.op) {
    case "deliver":
      return [id, worker, texts.numberOf(operation.command), operation.leaseMs, operation.attempts];
    case "heartbeat":
      return [id, worker, 0, operation.leaseMs];
    case "result":
      return [id, worker, 0, operation.state === "completed" ? 1 : 0];
    case "nack":
      return [id, worker, 0, operation.delayMs ?? Number.NaN, operation.dead ? 1 : 0];
    case "abandon":
      return [id, worker];
  }
}

function commandsIn(text: string | undefined): readonly string[] | undefined {
  // Written by detailsOf.
  return text === undefined ? undefined : (JSON.parse(text) as string[]);
}

/** Every text once, by number; 0 stands for undefined. */
export class Texts {
  readonly #texts: (string | undefined)[] = [undefined];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string | undefined): number {
    if (text === undefined) return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    this.#texts.push(text);
    return this.#texts.length - 1;
  }

  at(number: number): string | undefined {
    return this.#texts[number];
  }
}
