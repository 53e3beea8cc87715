import { describe, expect, test } from "bun:test";
import { CodeqError } from "./codeq-error.ts";
import { CreateBacklog, type PendingCreate } from "./create-backlog.ts";
import { createMessage, messageBytes } from "./new-task.ts";
import { checkTask } from "./task-check.ts";

function pending(seq: number, { repeatable = true, payload = "x" } = {}): PendingCreate {
  const message = createMessage({ command: "A", payload }, seq, "");
  const bytes = messageBytes(message);
  return {
    message,
    bytes,
    repeatable,
    ownKey: true,
    sends: 0,
    maybeStored: false,
    resolve: () => undefined,
    reject: () => undefined,
  };
}

function backlogOf(...creates: readonly PendingCreate[]): CreateBacklog {
  const backlog = new CreateBacklog();
  for (const create of creates) backlog.add(create);
  return backlog;
}

const seqs = (messages: readonly { readonly seq: bigint }[]): number[] => messages.map(({ seq }) => Number(seq));
const all = (): boolean => true;

describe("creates on their way", () => {
  test("are sent in order, so many and so large at a time, but one at least", () => {
    const backlog = backlogOf(pending(1), pending(2), pending(3), pending(4));
    expect(seqs(backlog.take(2, Number.POSITIVE_INFINITY))).toEqual([1, 2]);
    expect(seqs(backlog.take(2, 1))).toEqual([3]);
    expect(seqs(backlog.take(2, 1))).toEqual([4]);
    expect(backlog.take(2, 1)).toEqual([]);
    expect([backlog.size, backlog.waiting]).toEqual([4, 0]);
  });

  test("are answered once, and count no more", () => {
    const first = pending(1);
    const backlog = backlogOf(first, pending(2));
    expect(backlog.answered(1)).toBeUndefined();
    backlog.take(10, Number.POSITIVE_INFINITY);
    expect(backlog.answered(1)).toBe(first);
    expect(backlog.answered(1)).toBeUndefined();
    expect([backlog.size, backlog.bytes]).toEqual([1, pending(2).bytes]);
  });

  test("defect 65: wait to be sent again when their stream breaks, before those that were not sent, in order", () => {
    const backlog = backlogOf(pending(1), pending(2), pending(3), pending(4));
    backlog.take(3, Number.POSITIVE_INFINITY);
    backlog.answered(2);
    expect(backlog.reopen(all)).toEqual([]);
    expect(seqs(backlog.take(10, Number.POSITIVE_INFINITY))).toEqual([1, 3, 4]);
  });

  test("defect 65: come back when they may not be repeated, and are forgotten", () => {
    const bare = pending(2, { repeatable: false });
    const waiting = pending(3, { repeatable: false });
    const backlog = backlogOf(pending(1), bare, waiting);
    backlog.take(2, Number.POSITIVE_INFINITY);
    expect(backlog.reopen(({ repeatable }) => repeatable)).toEqual([bare]);
    // What was never sent may be sent.
    expect(seqs(backlog.take(10, Number.POSITIVE_INFINITY))).toEqual([1, 3]);
    expect(backlog.clear()).toHaveLength(2);
    expect([backlog.size, backlog.bytes]).toEqual([0, 0]);
  });

  test("are all sent, each once, however many there are", () => {
    const backlog = new CreateBacklog();
    for (let seq = 1; seq <= 20_000; seq += 1) backlog.add(pending(seq));
    const sent: number[] = [];
    for (let messages = backlog.take(7, 1e9); messages.length > 0; messages = backlog.take(7, 1e9)) {
      for (const seq of seqs(messages)) {
        sent.push(seq);
        backlog.answered(seq);
      }
    }
    expect(sent).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
    expect([backlog.size, backlog.bytes]).toEqual([0, 0]);
  });
});

describe("a task to create", () => {
  const refusalOf = (task: object): unknown => {
    try {
      const full = { command: "A", payload: 1, ...task };
      checkTask(full);
      return createMessage(full, 1, "");
    } catch (error) {
      return error instanceof CodeqError ? `${error.code} ${error.message}` : error;
    }
  };

  test("is refused before it is sent when it makes no sense, with what is wrong", () => {
    expect(refusalOf({ priority: 10 })).toBe("INVALID_ARGUMENT priority is 10: it must be a whole number from 0 to 9");
    expect(refusalOf({ priority: 0.5 })).toContain("INVALID_ARGUMENT priority is 0.5");
    expect(refusalOf({ maxAttempts: 0 })).toContain("INVALID_ARGUMENT maxAttempts is 0");
    expect(refusalOf({ delaySeconds: -1 })).toContain("INVALID_ARGUMENT delaySeconds is -1");
    expect(refusalOf({ command: " " })).toBe("INVALID_ARGUMENT command is blank");
    expect(refusalOf({ command: undefined })).toBe("INVALID_ARGUMENT command is blank");
    expect(refusalOf({ runAt: new Date("?") })).toBe("INVALID_ARGUMENT runAt is not a valid date");
    expect(refusalOf({ runAt: "2027-01-01" })).toBe("INVALID_ARGUMENT runAt is string: it must be a Date");
    expect(refusalOf({ runAt: new Date(), delaySeconds: 1 })).toContain("exclude each other");
    expect(refusalOf({ idempotencyKey: "" })).toContain("INVALID_ARGUMENT idempotencyKey is blank");
    expect(refusalOf({ traceParent: "00-1-2-01\n" })).toBe(
      'INVALID_ARGUMENT traceParent is "00-1-2-01\\n": it must be a W3C traceparent',
    );
    expect(refusalOf({ traceState: "a=\n" })).toContain("INVALID_ARGUMENT traceState must be");
    expect(refusalOf({ traceState: "a".repeat(513) })).toContain("INVALID_ARGUMENT traceState must be");
    expect(refusalOf({ payload: undefined })).toBe("INVALID_PAYLOAD the payload is undefined, which is not JSON");
    expect(refusalOf({ payload: 1n })).toContain("INVALID_PAYLOAD the payload is not JSON");
    expect(refusalOf({ payload: null })).toMatchObject({ payload: Buffer.from("null") });
  });
});
