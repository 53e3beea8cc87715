import { describe, expect, test } from "bun:test";
import type { Task } from "../../proto/generated/worker.ts";
import { CodeqError } from "./codeq-error.ts";
import { HeldTask } from "./held-task.ts";
import type { TaskRecord } from "./task-record.ts";
import { HandTiming } from "./timing-fixture.ts";
import { abandon, fail, nack, type Verdict, verdictOf } from "./verdict.ts";
import { VerdictLine } from "./verdict-line.ts";
import type { SettledTask } from "./worker-options.ts";

const SENDS_MAX = 3;
/** More than the pause before anything is sent again. */
const PAUSE_MS = 1000;
const BROKEN = new CodeqError("UNAVAILABLE", "the connection broke");

class Bench {
  readonly timing = new HandTiming();
  readonly settled: SettledTask[] = [];
  readonly line: VerdictLine;

  /** @param found what the server's REST API says of any task; undefined when nobody can ask */
  constructor(found?: Partial<TaskRecord> | Error) {
    this.line = new VerdictLine({
      sendsMax: SENDS_MAX,
      timing: this.timing,
      client:
        found === undefined
          ? undefined
          : {
              getTask: () =>
                found instanceof Error ? Promise.reject(found) : Promise.resolve(found as TaskRecord | undefined),
            },
      onSettled: (end) => this.settled.push(end),
      onChange: () => undefined,
    });
  }

  add(verdict: Verdict = verdictOf({}), id = "a"): void {
    this.line.add(new HeldTask(taskMessage(id), 0, 0), verdict);
  }

  /** How many messages go out now. */
  send(): number {
    return this.line.take().length;
  }

  answer(errorCode = "", taskId = "a"): void {
    this.line.answered({ taskId, ok: errorCode === "", errorMessage: errorCode.toLowerCase(), errorCode });
  }

  /** Nothing is held any more, unless told. */
  disconnect(isHeldAnew = false): void {
    this.line.disconnected(BROKEN, () => isHeldAnew);
  }

  /** Once what was to be looked up is. */
  async outcomes(): Promise<string[]> {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    return this.settled.map(({ outcome, error }) => (error === undefined ? outcome : `${outcome} ${error.code}`));
  }

  /** A verdict that was sent, perhaps stored, and then refused as coming too late. */
  tooLate(verdict: Verdict, code = "NOT_IN_PROGRESS"): void {
    this.add(verdict);
    this.send();
    this.disconnect();
    this.send();
    this.answer(code);
  }
}

/** Of the second delivery. */
function taskMessage(id: string): Task {
  return {
    id,
    command: "A",
    payload: Buffer.from("1"),
    priority: 0,
    webhook: "",
    maxAttempts: 5,
    status: "IN_PROGRESS",
    workerId: "w",
    leaseUntil: "",
    attempts: 2,
    tenantId: "t",
    traceParent: "",
    traceState: "",
  };
}

describe("a verdict", () => {
  for (const code of ["UNAVAILABLE", "COMMIT_UNKNOWN", "RATE_LIMITED", "RESOURCE_EXHAUSTED"]) {
    test(`refused for now (${code}) is sent again after a pause, and is open until then`, async () => {
      const bench = new Bench();
      bench.add();
      bench.send();
      bench.answer(code);
      expect([bench.send(), bench.line.size]).toEqual([0, 1]);
      bench.timing.advance(PAUSE_MS);
      expect(bench.send()).toBe(1);
      bench.answer();
      expect(await bench.outcomes()).toEqual(["accepted"]);
      expect(bench.line.size).toBe(0);
    });
  }

  test("refused for good is not sent again", async () => {
    const bench = new Bench();
    bench.add();
    bench.send();
    bench.answer("INVALID_ARGUMENT");
    bench.timing.advance(PAUSE_MS);
    expect(bench.send()).toBe(0);
    expect(await bench.outcomes()).toEqual(["refused INVALID_ARGUMENT"]);
  });

  test("refused for now is sent so often and no more", async () => {
    const bench = new Bench();
    bench.add();
    let sends = 0;
    for (let round = 0; round < SENDS_MAX + 2; round += 1) {
      sends += bench.send();
      bench.answer("UNAVAILABLE");
      bench.timing.advance(PAUSE_MS);
    }
    expect(sends).toBe(SENDS_MAX);
    expect(await bench.outcomes()).toEqual(["refused UNAVAILABLE"]);
  });

  test("never answered is sent so often, and then nobody knows", async () => {
    const bench = new Bench();
    bench.add();
    let sends = 0;
    for (let round = 0; round < SENDS_MAX + 2; round += 1) {
      sends += bench.send();
      bench.disconnect();
    }
    expect(sends).toBe(SENDS_MAX);
    expect(await bench.outcomes()).toEqual(["unknown OUTCOME_UNKNOWN"]);
  });

  test("that was never sent is refused, not unknown, when everything ends", async () => {
    const bench = new Bench();
    bench.add();
    bench.line.giveUp(BROKEN);
    expect(await bench.outcomes()).toEqual(["refused UNAVAILABLE"]);
  });

  test("on an earlier delivery is not sent again: it would end the one that is held now", async () => {
    const bench = new Bench();
    bench.add();
    bench.send();
    bench.disconnect(true);
    expect(bench.send()).toBe(0);
    expect(await bench.outcomes()).toEqual(["unknown OUTCOME_UNKNOWN"]);
  });

  test("on an earlier delivery that waits to be sent is withdrawn when the task comes again", async () => {
    const bench = new Bench();
    bench.add();
    bench.line.withdraw("a");
    expect(bench.send()).toBe(0);
    expect(await bench.outcomes()).toEqual(["refused LEASE_LOST"]);
  });

  test("in doubt is counted until it is answered", () => {
    const bench = new Bench();
    bench.add();
    bench.send();
    expect(bench.line.doubtful).toBe(0);
    bench.disconnect();
    bench.send();
    expect(bench.line.doubtful).toBe(1);
    bench.answer();
    expect(bench.line.doubtful).toBe(0);
  });
});

describe("a verdict that may have been stored and then came too late", () => {
  const COMPLETED = { status: "COMPLETED", attempts: 2, dead: false } as const;
  const FAILED = { status: "FAILED", attempts: 2, dead: false } as const;

  for (const [what, verdict, found, outcome] of [
    ["is accepted if the task ended so, with this delivery", verdictOf({}), COMPLETED, "accepted"],
    ["is accepted if the task failed so, with this delivery", fail("no"), FAILED, "accepted"],
    [
      "is refused if a later delivery ended it",
      verdictOf({}),
      { ...COMPLETED, attempts: 3 },
      "refused NOT_IN_PROGRESS",
    ],
    ["is refused if the task ended otherwise", verdictOf({}), FAILED, "refused NOT_IN_PROGRESS"],
    ["is refused if the task failed by itself", fail("no"), { ...FAILED, dead: true }, "refused NOT_IN_PROGRESS"],
    ["is refused if the task goes on", verdictOf({}), { ...COMPLETED, status: "PENDING" }, "refused NOT_IN_PROGRESS"],
    ["is unknown if nobody can look", verdictOf({}), undefined, "unknown NOT_IN_PROGRESS"],
    ["is unknown if looking fails", verdictOf({}), new Error("no server"), "unknown OUTCOME_UNKNOWN"],
    ["is unknown if it was a nack: a task does not tell", nack(), COMPLETED, "unknown NOT_IN_PROGRESS"],
    ["is unknown if it was an abandon: a task does not tell", abandon(), COMPLETED, "unknown NOT_IN_PROGRESS"],
  ] as const) {
    test(what, async () => {
      const bench = new Bench(found);
      bench.tooLate(verdict);
      expect(await bench.outcomes()).toEqual([outcome]);
      expect(bench.line.size).toBe(0);
    });
  }

  test("is looked up whatever the server calls it", async () => {
    for (const code of ["NOT_OWNER", "NOT_FOUND", "NOT_IN_PROGRESS"]) {
      const bench = new Bench(COMPLETED);
      bench.tooLate(verdictOf({}), code);
      expect(await bench.outcomes()).toEqual(["accepted"]);
    }
  });

  test("is not looked up if it was sent once only: then it was not stored", async () => {
    const bench = new Bench(COMPLETED);
    bench.add();
    bench.send();
    bench.answer("NOT_OWNER");
    expect(await bench.outcomes()).toEqual(["refused NOT_OWNER"]);
  });
});
