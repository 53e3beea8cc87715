import { expect, test } from "bun:test";
import { historyLines } from "./history-file.ts";
import { Ledger } from "./ledger.ts";
import type { Operation } from "./operation.ts";

const seen = { invokeMs: 1.25, doneMs: 2.5, outcome: "ok", tenant: "acme" } as const;
const ofTask = { ...seen, tag: 7, id: "id-7", worker: "w1" };
const EVERY_KIND: readonly Operation[] = [
  {
    op: "create",
    ...seen,
    tag: 7,
    id: "id-7",
    idempotencyKey: "k",
    command: "C",
    priority: 9,
    maxAttempts: 3,
    delayMs: 0,
  },
  {
    op: "create",
    ...seen,
    outcome: "unknown",
    doneMs: Number.POSITIVE_INFINITY,
    tag: 0,
    id: undefined,
    idempotencyKey: undefined,
    command: "c",
    priority: 0,
    maxAttempts: 5,
    delayMs: 1500,
  },
  { op: "deliver", ...ofTask, command: "C", leaseMs: 30_000, attempts: 2 },
  { op: "claim", ...seen, outcome: "fail", worker: "w1", commands: ["A", "b c"] },
  { op: "claim", ...seen, worker: "w2", commands: undefined },
  { op: "heartbeat", ...ofTask, leaseMs: 1000 },
  { op: "result", ...ofTask, state: "completed" },
  { op: "result", ...ofTask, state: "failed", outcome: "fail" },
  { op: "nack", ...ofTask, delayMs: undefined, dead: true },
  { op: "nack", ...ofTask, delayMs: 250, dead: false },
  { op: "abandon", ...ofTask },
];

function ledgerOf(operations: readonly Operation[]): Ledger {
  const ledger = new Ledger(100_000);
  for (const operation of operations) ledger.add(operation);
  return ledger;
}

test("every kind of operation comes back as it was added", () => {
  expect([...ledgerOf(EVERY_KIND).operations()]).toEqual([...EVERY_KIND]);
});

test("tasks come one by one with their operations in the order they were added", () => {
  const ledger = ledgerOf(EVERY_KIND);
  const [second, first] = [EVERY_KIND.filter((it) => it.op !== "claim" && it.tag === 7), EVERY_KIND.slice(1, 2)];
  expect([...ledger.tasks()]).toEqual([first, second]);
  expect([...ledger.emptyClaims()].length).toBe(2);
});

test("many operations are kept as well as few", () => {
  const ledger = new Ledger(20_000);
  for (let tag = 0; tag < 10_000; tag += 1) ledger.add({ op: "abandon", ...ofTask, tag, id: `id-${tag}` });
  expect(ledger.size).toBe(10_000);
  expect([...ledger.tasks()].map(([operation]) => operation?.op === "abandon" && operation.id)).toEqual(
    Array.from({ length: 10_000 }, (_, tag) => `id-${tag}`),
  );
});

test("a full ledger and a tag that is none are refused by name", () => {
  const ledger = new Ledger(1);
  expect(() => ledger.add({ op: "abandon", ...ofTask, tag: -1 })).toThrow("not -1");
  ledger.add({ op: "abandon", ...ofTask });
  expect(() => ledger.add({ op: "abandon", ...ofTask })).toThrow("at most 1 operations");
  expect(ledger.size).toBe(1);
});

test("a history is one line for each operation", () => {
  const lines = [...historyLines(EVERY_KIND)];
  expect(lines.length).toBe(EVERY_KIND.length);
  expect(lines[6]).toBe(`${JSON.stringify(EVERY_KIND[6])}\n`);
});
