import { describe, expect, test } from "bun:test";
import type { WorkerEvent } from "../../proto/generated/worker.ts";
import { HeldTask } from "./held-task.ts";
import { fitsMessage, type Settlement, Settlements } from "./settlements.ts";
import { abandon, fail, nack, type Verdict, verdictOf } from "./verdict.ts";

function settlement(id: string, verdict: Verdict): Settlement {
  const message = {
    id,
    command: "A",
    payload: Buffer.from("1"),
    priority: 0,
    webhook: "",
    maxAttempts: 5,
    status: "IN_PROGRESS",
    workerId: "w",
    leaseUntil: "",
    attempts: 1,
    tenantId: "t",
    traceParent: "",
    traceState: "",
  };
  return { task: new HeldTask(message, 0, 0), verdict, sends: 0, maybeStored: false };
}

function lineOf(...entries: readonly (readonly [id: string, verdict: Verdict])[]): Settlements {
  const line = new Settlements();
  for (const [id, verdict] of entries) line.add(settlement(id, verdict));
  return line;
}

/** Each message as its kind and tasks. */
function told(events: readonly WorkerEvent[]): readonly string[] {
  return events.map(({ event }) => {
    if (event?.$case === "resultBatch") return `results ${event.value.results.map(({ taskId }) => taskId).join(" ")}`;
    if (event === undefined || event.$case === "hello" || event.$case === "ready") throw new Error("no verdict");
    return `${event.$case} ${event.value.taskId}`;
  });
}

const DONE = verdictOf(undefined);
const all = (): boolean => true;

describe("verdicts on their way", () => {
  test("results share a message, the others have one each", () => {
    const line = lineOf(["a", DONE], ["b", fail("no")], ["c", nack()], ["d", abandon()], ["e", DONE]);
    expect(told(line.take())).toEqual(["nack c", "abandon d", "results a b e"]);
    expect(told(lineOf(["a", DONE]).take())).toEqual(["result a"]);
    expect(line.take()).toEqual([]);
  });

  test("say what the handler said", () => {
    const line = lineOf(["a", verdictOf({ n: 1 })], ["b", fail("no", { at: 2 })]);
    expect(line.take()).toMatchObject([
      {
        event: {
          value: {
            results: [
              { taskId: "a", status: "COMPLETED", resultJson: Buffer.from('{"n":1}'), error: "" },
              { taskId: "b", status: "FAILED", resultJson: Buffer.from('{"at":2}'), error: "no" },
            ],
          },
        },
      },
    ]);
    expect(lineOf(["c", nack({ delaySeconds: 0, reason: "r" })]).take()).toMatchObject([
      { event: { value: { taskId: "c", delaySeconds: 0, reason: "r" } } },
    ]);
    expect(lineOf(["c", nack()]).take()).toMatchObject([{ event: { value: { delaySeconds: undefined } } }]);
  });

  test("results are cut into messages by number and size", () => {
    const many = lineOf(...Array.from({ length: 2500 }, (_, n) => [`${n}`, DONE] as const));
    expect(many.take().map(({ event }) => (event?.$case === "resultBatch" ? event.value.results.length : 0))).toEqual([
      1000, 1000, 500,
    ]);
    const large = verdictOf({ text: "x".repeat(400_000) });
    expect(lineOf(["a", large], ["b", large], ["c", large]).take()).toHaveLength(2);
    expect(fitsMessage(large)).toBe(true);
    expect(fitsMessage(verdictOf({ text: "x".repeat(1_100_000) }))).toBe(false);
  });

  test("wait to be sent again when their stream breaks, and are in doubt until they are answered", () => {
    const line = lineOf(["a", DONE], ["b", nack()]);
    line.take();
    line.add(settlement("c", DONE));
    expect(line.doubtful).toBe(0);
    expect(line.reopen(all)).toEqual([]);
    expect([line.size, line.doubtful]).toEqual([3, 2]);
    expect(told(line.take())).toEqual(["nack b", "results a c"]);
    expect(line.answered("a")?.maybeStored).toBe(true);
    expect(line.doubtful).toBe(1);
    expect(line.answered("c")?.maybeStored).toBe(false);
    expect(line.clear()).toHaveLength(1);
    expect(line.doubtful).toBe(0);
  });

  test("come back when they may not be repeated", () => {
    const line = lineOf(["a", DONE], ["b", DONE]);
    line.take();
    expect(line.reopen(({ task }) => task.id !== "a").map(({ task }) => task.id)).toEqual(["a"]);
    expect([line.size, line.doubtful]).toEqual([1, 1]);
  });

  test("a second verdict on a task waits until the first is answered: their acks look alike", () => {
    const line = lineOf(["a", nack({ delaySeconds: 0 })]);
    line.take();
    line.add(settlement("a", DONE));
    expect(line.take()).toEqual([]);
    expect(line.answered("a")?.verdict.kind).toBe("nacked");
    expect(told(line.take())).toEqual(["result a"]);
  });

  test("one that was not sent is withdrawn when the task comes again", () => {
    const line = lineOf(["a", DONE], ["b", DONE]);
    expect(line.withdraw("a").map(({ task }) => task.id)).toEqual(["a"]);
    expect(told(line.take())).toEqual(["result b"]);
    expect(line.withdraw("b")).toEqual([]);
  });
});

describe("what a handler returns", () => {
  test("completes its task with an object, or with nothing", () => {
    expect(verdictOf({ a: 1 })).toMatchObject({ kind: "completed", resultText: '{"a":1}' });
    expect(verdictOf(undefined)).toMatchObject({ kind: "completed", resultText: "" });
    // What only looks like a verdict is a result.
    expect(verdictOf({ kind: "abandoned" })).toMatchObject({ kind: "completed", resultText: '{"kind":"abandoned"}' });
  });

  test("is refused when no JSON object comes of it", () => {
    for (const wrong of ["text", 7, true, [1], () => 1, Symbol("s"), new Date(), { n: 1n }]) {
      expect(() => verdictOf(wrong)).toThrow(expect.objectContaining({ code: "INVALID_PAYLOAD" }));
    }
  });

  test("a nack has a delay in whole seconds, and a failure always a reason", () => {
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 31])
      expect(() => nack({ delaySeconds: wrong })).toThrow("delaySeconds");
    expect(fail("  ")).toMatchObject({ error: "failed" });
  });
});
