import { describe, expect, test } from "bun:test";
import { loadPlan } from "./load-plan-fixture.ts";
import { TaskBook } from "./task-book.ts";
import { CREATE, RESULT, ROW } from "./task-rows.ts";
import { taskId } from "./task-story-fixture.ts";

const idBytes = (number: number): Buffer => Buffer.from(`id:${taskId(number)}`);
const ID_AT = 3;

/** A book in which one create was sent, of the tag 0. */
function bookWithCreate(): TaskBook {
  const book = new TaskBook(loadPlan());
  book.rows.take(1);
  book.createSent(0, 900, 1000, 0);
  return book;
}

/** The task has been delivered, and its result sent. */
function bookWithResult(): TaskBook {
  const book = bookWithCreate();
  book.createAcked(0, idBytes(7), ID_AT, 1100);
  book.delivered(0, idBytes(7), ID_AT, 1, "w", 1200);
  book.resultSent(0, 1300);
  return book;
}

const oddities = ({ irregulars }: TaskBook): string[] =>
  irregulars.kept.map(({ kind, tag }) => (tag === undefined ? kind : `${kind} of ${tag}`));

test("an ordinary life fills its row and the counts, and nothing is odd about it", () => {
  const book = bookWithResult();
  book.resultAcked(0, 1400);
  const times = [ROW.intended, ROW.createInvoke, ROW.createDone, ROW.claimInvoke, ROW.resultInvoke, ROW.resultDone];
  expect(times.map((word) => book.rows.time(0, word))).toEqual([900, 1000, 1100, 1200, 1300, 1400]);
  // Delivered at what the clock says.
  expect(book.rows.time(0, ROW.deliverDone)).toBeGreaterThan(0);
  expect(book.rows.value(0, ROW.create)).toBe(CREATE.acked);
  expect(book.rows.value(0, ROW.result)).toBe(RESULT.acked);
  expect([book.rows.value(0, ROW.deliveries), book.rows.value(0, ROW.attempts)]).toEqual([1, 1]);
  expect(book.rows.idOf(0)).toBe(taskId(7));
  expect(book.rows.waiting).toBe(0);
  for (const count of [
    "created",
    "createsAnswered",
    "delivered",
    "resultsSent",
    "resultsAnswered",
    "resultsAcked",
  ] as const)
    expect([count, book.counts.get(count)]).toEqual([count, 1]);
  expect(oddities(book)).toEqual([]);
});

test("a create that is only sent is neither acknowledged nor refused", () => {
  const book = bookWithCreate();
  expect(book.rows.value(0, ROW.create)).toBe(CREATE.sent);
  expect([book.counts.get("created"), book.counts.get("createsAnswered")]).toEqual([0, 0]);
});

test("a refused create is answered, but not created", () => {
  const book = bookWithCreate();
  book.createRefused(0, "too many", 1100);
  expect(book.rows.value(0, ROW.create)).toBe(CREATE.refused);
  expect([book.counts.get("created"), book.counts.get("createsAnswered")]).toEqual([0, 1]);
  expect(book.irregulars.kept).toMatchObject([{ kind: "create-refused", tag: 0, text: "too many", doneUs: 1100 }]);
});

test("a refused result is answered, but not acknowledged", () => {
  const book = bookWithResult();
  book.resultRefused(0, "not-owner", 1400);
  expect(book.rows.value(0, ROW.result)).toBe(RESULT.refused);
  expect([book.counts.get("resultsAcked"), book.counts.get("resultsAnswered")]).toEqual([0, 1]);
  expect(book.irregulars.kept).toMatchObject([{ kind: "result-refused", tag: 0, text: "not-owner" }]);
});

describe("what does not fit into a row is odd", () => {
  test.each<[what: string, kind: string, happens: (book: TaskBook) => void]>([
    ["a second ack of a create", "create-acked-twice of 0", (book) => book.createAcked(0, idBytes(7), ID_AT, 2000)],
    [
      "an ack of a create that nobody sent",
      "create-ack-unknown",
      (book) => book.createAcked(1, idBytes(7), ID_AT, 2000),
    ],
    ["an ack of a create below all", "create-ack-unknown", (book) => book.createAcked(-1, idBytes(7), ID_AT, 2000)],
    ["a task that nobody created", "delivery-unknown", (book) => book.delivered(1, idBytes(7), ID_AT, 1, "w", 2000)],
    ["a task without a tag", "delivery-unknown", (book) => book.delivered(-1, idBytes(7), ID_AT, 1, "w", 2000)],
    ["a payload that changed", "payload-changed", (book) => book.payloadChanged("task 0")],
    ["an error of a stream", "stream-error", (book) => book.streamError("gone")],
    ["an ack of nothing", "result-ack-unknown", (book) => book.resultAckUnknown("which?")],
  ])("%s", (_, kind, happens) => {
    const book = bookWithResult();
    happens(book);
    expect(oddities(book)).toEqual([kind]);
  });

  test("a second ack of a result, which counts once", () => {
    const book = bookWithResult();
    book.resultAcked(0, 1400);
    book.resultAcked(0, 1500);
    expect(oddities(book)).toEqual(["result-ack-unknown of 0"]);
    expect(book.counts.get("resultsAcked")).toBe(1);
    expect(book.rows.time(0, ROW.resultDone)).toBe(1400);
  });

  test("a second delivery, with its id and attempt; the first one stays in the row", () => {
    const book = bookWithResult();
    expect(book.delivered(0, idBytes(8), ID_AT, 2, "other", 2000)).toBe(true);
    const delivery = { id: taskId(8), worker: "other", attempts: 2 };
    expect(book.irregulars.kept).toMatchObject([{ kind: "delivered-twice", tag: 0, invokeUs: 2000, delivery }]);
    expect([book.rows.value(0, ROW.deliveries), book.rows.value(0, ROW.attempts)]).toEqual([2, 1]);
    expect(book.rows.time(0, ROW.claimInvoke)).toBe(1200);
    expect(book.counts.get("delivered")).toBe(2);
  });

  test("an id that is none", () => {
    const book = bookWithCreate();
    book.createAcked(0, Buffer.from("x".repeat(36)), 0, 1100);
    expect(oddities(book)).toEqual(["payload-changed of 0"]);
  });
});

test("only tasks of ours are to be worked on", () => {
  const book = bookWithCreate();
  expect(book.delivered(0, idBytes(7), ID_AT, 1, "w", 1200)).toBe(true);
  expect(book.delivered(5, idBytes(7), ID_AT, 1, "w", 1200)).toBe(false);
  expect(book.counts.get("delivered")).toBe(1);
});

test("of many oddities the first are kept, and all are counted", () => {
  const book = new TaskBook(loadPlan());
  for (let number = 0; number < 1500; number += 1) book.streamError(`error ${number}`);
  expect(book.irregulars.total).toBe(1500);
  expect(book.irregulars.kept).toHaveLength(1000);
  expect(book.irregulars.kept.at(-1)?.text).toBe("error 999");
});

test("answers are counted by request and status", () => {
  const book = new TaskBook(loadPlan());
  for (const status of [202, 202, 429]) book.answered("create", status);
  book.answered("claim", 204);
  expect(Object.fromEntries(book.answers)).toEqual({ "create 202": 2, "create 429": 1, "claim 204": 1 });
});
