import { describe, expect, test } from "bun:test";
import type { Irregular } from "../load/irregulars.ts";
import { taskId, threadReport } from "../load/task-story-fixture.ts";
import type { RunVerdict } from "../result.ts";
import type { JudgeOptions } from "./judge-run.ts";
import { JudgedRun, STORED } from "./judged-run-fixture.ts";

/** A run of five tasks, two of which still wait, after something went wrong with it. */
async function judged(spoil: (run: JudgedRun) => unknown, options: Partial<JudgeOptions> = {}): Promise<RunVerdict> {
  await using run = new JudgedRun();
  run.addMany(3, "completed");
  run.addMany(2, "waiting");
  spoil(run);
  return await run.judge(options);
}

const nothing = (): void => undefined;

function irregular(kind: Irregular["kind"], change: Partial<Irregular> = {}): Irregular {
  const seen = { kind, tag: 0, text: "as it was seen", invokeUs: 0, doneUs: 0, delivery: undefined };
  return { ...seen, ...change };
}

test("a run that clients and server tell alike is valid", async () => {
  const sums = { creates: 5, createsAcked: 5, deliveries: 3, resultsAcked: 3, stillQueued: 2, unfinished: 0 };
  const checked = { ...sums, readBack: 5, replayed: 5 };
  expect(await judged(nothing)).toEqual({ kind: "valid", reasons: [], checked });
});

describe("a run is broken when the server counts another number than its clients", () => {
  test.each<[what: string, spoil: (run: JudgedRun) => unknown, reason: RegExp]>([
    ["fewer created", ({ counters }) => (counters.created = 4), /created.* 4.* 5/],
    ["more created", ({ counters }) => (counters.created = 6), /created.* 6.* 5/],
    ["fewer completed", ({ counters }) => (counters.completed = 2), /completed.* 2.* 3/],
    ["more completed", ({ counters }) => (counters.completed = 4), /completed.* 4.* 3/],
    ["fewer results stored", ({ counters }) => (counters.stored = 2), /stored.* 2.* 3/],
    ["more results stored", ({ counters }) => (counters.stored = 4), /stored.* 4.* 3/],
    ["fewer that wait", ({ queue }) => (queue.ready = 1), /wait.* 1.* 2/],
    ["more that wait", ({ queue }) => (queue.delayed = 1), /wait.* 3.* 2/],
    ["more under a lease", ({ queue }) => (queue.inProgress = 1), /lease.* 1.* 0/],
    ["a dead letter", ({ queue }) => (queue.dlq = 1), /dead.* 1.* 0/],
    ["nothing at all", (run) => (run.metrics = ""), /created.* 0.* 5/],
  ])("%s", async (_, spoil, reason) => {
    const { kind, reasons } = await judged(spoil);
    expect(kind).toBe("broken");
    expect(reasons.join("\n")).toMatch(reason);
  });

  test("but not where tasks wait: delayed or ready", async () => {
    const { kind } = await judged(({ queue }) => Object.assign(queue, { ready: 1, delayed: 1 }));
    expect(kind).toBe("valid");
  });

  test("but not for what a process before it has counted", async () => {
    const verdict = await judged(({ counters }) => (counters.created = 3), { createdBefore: 2 });
    expect(verdict.kind).toBe("valid");
  });

  test("nor for a server of others that tells of the command under another name", async () => {
    const verdict = await judged((run) => (run.metrics = 'codeq_task_created_total{command="_other"} 9'), {
      mustCount: false,
    });
    expect(verdict.kind).toBe("valid");
  });

  test("though for one that does tell of it", async () => {
    const verdict = await judged(({ counters }) => (counters.created = 4), { mustCount: false });
    expect(verdict.kind).toBe("broken");
  });
});

test("delivered tasks without an acknowledged result are allowed up to a bound", async () => {
  await using run = new JudgedRun();
  run.addMany(2, "completed");
  run.addMany(2, "leased");
  const { kind, checked } = await run.judge({ unfinishedMax: 2 });
  expect(kind).toBe("valid");
  expect(checked).toMatchObject({ unfinished: 2, deliveries: 4, resultsAcked: 2 });
  const beyond = await run.judge({ unfinishedMax: 1 });
  expect(beyond).toMatchObject({ kind: "broken", reasons: [expect.stringMatching(/2 delivered tasks .*at most 1/)] });
});

describe("a result without an answer breaks the run, whether the server took it", () => {
  test.each(["leased", "completed"] as const)("or not: %s", async (end) => {
    await using run = new JudgedRun();
    run.add("completed");
    run.add(end, { result: "sent", resultInvoke: 2400, resultDone: 0 });
    const { kind, reasons } = await run.judge({ unfinishedMax: 1 });
    expect(kind).toBe("broken");
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/1 results? .*never answered/);
  });
});

describe("a create without an answer makes the run unusable, whether the server took it", () => {
  test.each([true, false])("or not: %p", async (taken) => {
    await using run = new JudgedRun();
    run.add("completed");
    run.add("waiting", { create: "sent", createDone: 0, createdId: undefined });
    if (!taken) Object.assign(run.queue, { ready: 0 });
    if (!taken) run.counters.created -= 1;
    const { kind, reasons } = await run.judge();
    expect(kind).toBe("unusable");
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/1 creates? .*never answered/);
  });

  test("but not more than there were", async () => {
    await using run = new JudgedRun();
    run.add("waiting", { create: "sent", createDone: 0, createdId: undefined });
    run.counters.created += 1;
    run.queue.ready += 1;
    expect((await run.judge()).kind).toBe("broken");
  });
});

describe("a run is unusable", () => {
  test("when nothing was created", async () => {
    await using run = new JudgedRun();
    expect(await run.judge()).toMatchObject({ kind: "unusable", reasons: [expect.stringMatching(/no task/)] });
  });

  test("when more tasks were wanted than the ledger holds", async () => {
    await using run = new JudgedRun(3);
    run.addMany(3, "completed");
    expect((await run.judge()).kind).toBe("valid");
    run.rows.take(1);
    expect(await run.judge()).toMatchObject({ kind: "unusable", reasons: [expect.stringMatching(/full.* 3 /)] });
  });

  test("when creates were refused, which is no broken promise", async () => {
    const refused = irregular("create-refused", { text: "too many" });
    const verdict = await judged(nothing, { reports: [threadReport({ irregulars: [refused, refused] })] });
    expect(verdict).toMatchObject({ kind: "unusable", reasons: [expect.stringMatching(/^2 .*refused.*too many/)] });
  });

  test("only if no promise is broken", async () => {
    const reports = [threadReport({ irregulars: [irregular("create-refused"), irregular("stream-error")] })];
    const { kind, reasons } = await judged(nothing, { reports });
    expect(kind).toBe("broken");
    expect(reasons).toHaveLength(1);
  });
});

describe("what a client saw that does not fit breaks the run", () => {
  test.each([
    "create-acked-twice",
    "create-ack-unknown",
    "delivered-twice",
    "delivery-unknown",
    "payload-changed",
    "result-refused",
    "result-ack-unknown",
    "stream-error",
  ] as const)("%s", async (kind) => {
    const verdict = await judged(nothing, {
      reports: [threadReport(), threadReport({ irregulars: [irregular(kind)] })],
    });
    expect(verdict.kind).toBe("broken");
    expect(verdict.reasons.join("\n")).toMatch(new RegExp(`${kind}.*as it was seen`));
  });

  test("in one line for each kind, with what no thread kept the words of", async () => {
    const irregulars = [irregular("stream-error"), irregular("stream-error"), irregular("payload-changed")];
    const reports = [threadReport({ irregulars, irregularsTotal: 10 })];
    const { reasons } = await judged(nothing, { reports });
    expect(reasons).toHaveLength(3);
    expect(reasons.join("\n")).toMatch(/stream-error .*2 .*\n.*payload-changed .*1 .*\n.*7 more/);
  });

  test("and counts as a delivery if it was one", async () => {
    const delivery = { id: taskId(0), worker: "w", attempts: 2 };
    const reports = [threadReport({ irregulars: [irregular("delivered-twice", { delivery, doneUs: 1300 })] })];
    const { checked } = await judged(nothing, { reports });
    expect(checked.deliveries).toBe(4);
  });
});

describe("what the server has stored", () => {
  test.each<[what: string, spoil: (run: JudgedRun) => unknown, reason: RegExp]>([
    ["a task that waits is gone", ({ tasks }) => tasks.delete(taskId(3)), /is gone/],
    ["a completed task is gone", ({ tasks }) => tasks.delete(taskId(0)), /is gone/],
    [
      "a completed task is under a lease",
      ({ tasks }) => tasks.set(taskId(0), STORED.leased),
      /completed and is leased/,
    ],
    [
      "a result is another one",
      ({ results }) => results.set(taskId(0), { ok: true, tag: "00000001" }),
      /has the result/,
    ],
    ["a result has no tag", ({ results }) => results.set(taskId(0), { ok: true }), /has the result/],
    ["a result is none", ({ results }) => results.set(taskId(0), null), /has the result null/],
    ["a result is gone", ({ results }) => results.delete(taskId(0)), /has the result/],
  ])("breaks the run when %s, whatever it counts", async (_, spoil, reason) => {
    const { kind, reasons } = await judged(spoil);
    expect(kind).toBe("broken");
    expect(reasons.join("\n")).toMatch(reason);
  });
});

test("the checker's verdict breaks a run in which everything adds up: the last came before the first", async () => {
  await using run = new JudgedRun();
  run.add("completed", { claimInvoke: 900_000, deliverDone: 900_300, resultInvoke: 900_400, resultDone: 900_500 });
  run.add("completed");
  const { kind, reasons } = await run.judge();
  expect(kind).toBe("broken");
  expect(reasons.join("\n")).toContain("first-in-first-out");
});

test("a task with a life that a queue does not give it breaks the run", async () => {
  await using run = new JudgedRun();
  run.add("completed");
  run.add("completed", { attempts: 2 });
  run.tasks.set(taskId(1), { ...STORED.completed, attempts: 2 });
  const { kind, reasons } = await run.judge();
  expect(kind).toBe("broken");
  expect(reasons.join("\n")).toMatch(/1 tasks? had a life/);
});

test("of many tasks a sample is read back, the first and last among it, and all that something odd was seen of", async () => {
  await using run = new JudgedRun(1500);
  run.addMany(1500, "completed");
  for (const number of [0, 1499]) run.tasks.delete(taskId(number));
  // Not in the sample.
  const odd = irregular("result-refused", { tag: 251 });
  const { checked, reasons } = await run.judge({ reports: [threadReport({ irregulars: [odd] })] });
  expect(checked).toMatchObject({ creates: 1500, replayed: 1001, readBack: 999 });
  expect(reasons.join("\n")).toMatch(/nothing-lost \(2 times\)/);
});
