import type { Census, FinalState, FinalTask, LaneSum } from "./census.ts";
import { type CheckOptions, checkLedger } from "./check.ts";
import { Ledger } from "./ledger.ts";
import type { Create, Delivery, Operation } from "./operation.ts";
import type { Verdict } from "./verdict.ts";

/** For tests only: a history that is told step by step, and then spoiled. */
export class Story {
  readonly operations: Operation[] = [];
  readonly tasks = new Map<string, FinalTask>();
  sums: LaneSum[] = [];
  retentionMs = 86_400_000;
  takenMs = 100_000;

  create(tag: number, atMs: number, spec: Partial<Create> = {}): void {
    this.operations.push({ ...CREATE, ...times(atMs), tag, id: `s0-${tag}`, ...spec });
  }

  deliver(tag: number, atMs: number, spec: Partial<Delivery> = {}): void {
    this.operations.push({ ...DELIVERY, ...times(atMs), tag, id: `s0-${tag}`, ...spec });
  }

  /** An operation of the worker that holds the task. */
  held(
    op: "result" | "nack" | "abandon" | "heartbeat",
    tag: number,
    atMs: number,
    spec: Partial<Operation> = {},
  ): void {
    const details = {
      result: { state: "completed" },
      nack: { delayMs: 0, dead: false },
      abandon: {},
      heartbeat: { leaseMs: 1000 },
    };
    const common = { ...times(atMs), outcome: "ok", tenant: "acme", tag, id: `s0-${tag}`, worker: "w1" };
    // Put together from parts that fit each other.
    this.operations.push({ op, ...common, ...details[op], ...spec } as Operation);
  }

  emptyClaim(atMs: number, spec: Partial<Operation> = {}): void {
    const claim = { op: "claim", ...times(atMs), outcome: "ok", tenant: "acme", worker: "w1", commands: ["C"] };
    this.operations.push({ ...claim, ...spec } as Operation);
  }

  end(tag: number, state: FinalState, attempts: number): void {
    this.tasks.set(`s0-${tag}`, { state, attempts });
  }

  /** Changes the one operation of this kind on this task, the last one if there are several. */
  change(op: Operation["op"], tag: number, spec: Partial<Operation>): void {
    const index = this.operations.findLastIndex((it) => it.op === op && (it.op === "claim" || it.tag === tag));
    // The parts fit: the tests name members of that kind.
    this.operations[index] = { ...this.operations[index], ...spec } as Operation;
  }

  drop(op: Operation["op"], tag: number): void {
    const index = this.operations.findLastIndex((it) => it.op === op && (it.op === "claim" || it.tag === tag));
    this.operations.splice(index, 1);
  }

  check(): Verdict {
    const ledger = new Ledger(1000);
    for (const operation of this.operations) ledger.add(operation);
    const { tasks, sums, retentionMs, takenMs } = this;
    const census: Census = { tasks, sums, retentionMs, takenMs };
    return checkLedger(ledger, census, OPTIONS);
  }
}

const OPTIONS: CheckOptions = { clockErrorMs: 2, promotionMs: 100, shardOf: (id) => id.slice(0, 2) };
const CREATE: Create = {
  op: "create",
  tag: 0,
  id: "",
  invokeMs: 0,
  doneMs: 0,
  outcome: "ok",
  tenant: "acme",
  idempotencyKey: undefined,
  command: "C",
  priority: 0,
  maxAttempts: 3,
  delayMs: 0,
};
const DELIVERY: Delivery = {
  op: "deliver",
  tag: 0,
  id: "",
  invokeMs: 0,
  doneMs: 0,
  outcome: "ok",
  tenant: "acme",
  worker: "w1",
  command: "c",
  leaseMs: 1000,
  attempts: 1,
};

export function times(atMs: number): { readonly invokeMs: number; readonly doneMs: number } {
  return { invokeMs: atMs, doneMs: atMs + 10 };
}

/** Every kind of life a task can have, side by side. */
export function cleanStory(): Story {
  const story = new Story();
  // 0: created, delivered, heartbeat, completed.
  story.create(0, 0);
  story.deliver(0, 100);
  story.held("heartbeat", 0, 200, { leaseMs: 5000 });
  story.held("result", 0, 300);
  story.end(0, "completed", 1);
  // 1: nacked with a delay, then abandoned, then nacked to death.
  story.create(1, 20, { maxAttempts: 2, command: "B" });
  story.deliver(1, 120);
  story.held("nack", 1, 400, { delayMs: 500 });
  story.deliver(1, 1100, { attempts: 2 });
  story.held("abandon", 1, 1200);
  story.deliver(1, 1300, { attempts: 3 });
  story.held("nack", 1, 1400, { dead: true });
  story.end(1, "dead", 3);
  // 2: its lease ran out, another worker took over; the late result of the first was refused.
  story.create(2, 40);
  story.deliver(2, 2000);
  story.deliver(2, 3100, { worker: "w2", attempts: 2 });
  story.held("result", 2, 3150, { outcome: "fail" });
  story.held("result", 2, 3200, { worker: "w2", state: "failed" });
  story.end(2, "failed", 2);
  // 3: delayed; never claimed.
  story.create(3, 60, { delayMs: 1_000_000 });
  story.end(3, "delayed", 0);
  // 4: created twice with one key; waits.
  story.create(4, 80, { idempotencyKey: "key", command: "D" });
  story.create(4, 4000, { idempotencyKey: "key", command: "D" });
  story.end(4, "ready", 0);
  // 5: the create was not answered, but it happened; delivered twice, for the first answer was lost.
  story.create(5, 5000, { outcome: "unknown", id: undefined });
  story.emptyClaim(5050, { outcome: "unknown" });
  story.deliver(5, 6100, { attempts: 2 });
  story.held("result", 5, 6200, { outcome: "unknown" });
  story.end(5, "completed", 2);
  // 6: never answered and never seen.
  story.create(6, 7000, { outcome: "unknown", id: undefined, command: "E" });
  // 7 and 8: in line, in a lane of their own.
  story.create(7, 7100, { command: "F" });
  story.create(8, 7200, { command: "F" });
  story.deliver(7, 7300, { command: "F" });
  story.deliver(8, 7400, { command: "F" });
  story.end(7, "leased", 1);
  story.end(8, "leased", 1);
  // 9: of another tenant.
  story.create(9, 7500, { tenant: "umbra" });
  story.end(9, "ready", 0);
  story.emptyClaim(8000);
  story.sums = [
    { source: "admin", tenant: "acme", command: "C", counts: { ready: 0, delayed: 1, leased: 0, dead: 0 } },
    { source: "admin", tenant: "acme", command: "B", counts: { dead: 1 } },
    { source: "admin", tenant: "acme", command: "d", counts: { ready: 1, delayed: 0, leased: 0, dead: 0 } },
    { source: "rows", tenant: "acme", command: "C", counts: { completed: 2, failed: 1, dead: 0, delayed: 1 } },
    { source: "rows", tenant: "acme", command: "E", counts: { ready: 1 } },
    { source: "rows", tenant: "umbra", command: "C", counts: { ready: 1 } },
  ];
  return story;
}
