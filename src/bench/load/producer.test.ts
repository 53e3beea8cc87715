import { describe, expect, test } from "bun:test";
import type { CreateCarrier } from "./carriers.ts";
import type { ProducerPlan } from "./load-plan.ts";
import { loadPlan, producerPlan } from "./load-plan-fixture.ts";
import { Producer } from "./producer.ts";
import { TaskBook } from "./task-book.ts";
import { TaskRows } from "./task-rows.ts";

interface Sent {
  readonly first: number;
  readonly count: number;
  readonly intendedUs: number;
}

/** A carrier that only notes what it is given: answers come when a test says so. */
class NotingCarrier implements CreateCarrier {
  readonly sent: Sent[] = [];
  #onSent: () => void = () => undefined;

  connect(): Promise<void> {
    return Promise.resolve();
  }

  send(first: number, count: number, intendedUs: number): void {
    this.sent.push({ first, count, intendedUs });
    this.#onSent();
  }

  close(): void {
    this.sent.length = 0;
  }

  /** Resolves once so many messages were sent. */
  async has(messages: number): Promise<void> {
    while (this.sent.length < messages) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onSent = resolve;
      await promise;
    }
  }

  get tags(): number[] {
    return this.sent.map(({ first }) => first);
  }
}

function producing(change: Partial<ProducerPlan>, tasksMax = 1000) {
  const book = new TaskBook(loadPlan({ rows: TaskRows.bufferFor(tasksMax) }));
  const producer = new Producer(producerPlan(change), book);
  return { book, producer, carrier: new NotingCarrier() };
}

describe("a closed loop", () => {
  test("starts one message for each slot, and the next once one is answered", () => {
    const { producer, carrier } = producing({ slots: 3, batch: 2 });
    producer.start(carrier, 0);
    expect(carrier.tags).toEqual([0, 2, 4]);
    producer.answered();
    producer.answered();
    expect(carrier.tags).toEqual([0, 2, 4, 6, 8]);
    expect(new Set(carrier.sent.map(({ count }) => count))).toEqual(new Set([2]));
    expect(producer.lag).toBeUndefined();
  });

  test("means each create to start when it does", () => {
    const { book, producer, carrier } = producing({});
    const beforeUs = book.clock.nowUs();
    producer.start(carrier, 0);
    expect(carrier.sent[0]?.intendedUs).toBeGreaterThanOrEqual(beforeUs);
    expect(carrier.sent[0]?.intendedUs).toBeLessThanOrEqual(book.clock.nowUs());
  });

  test("ends by itself when as many as wanted are created, exactly, and all are answered", async () => {
    const { producer, carrier } = producing({ slots: 2, batch: 3, tasksMax: 7 });
    producer.start(carrier, 0);
    for (let answers = 0; answers < 3; answers += 1) {
      expect(await isSettled(producer.done())).toBe(false);
      producer.answered();
    }
    expect(await isSettled(producer.done())).toBe(true);
    expect(carrier.sent.map(({ count }) => count)).toEqual([3, 3, 1]);
  });

  test("stops when the ledger is full", () => {
    const { book, producer, carrier } = producing({ slots: 5 }, 3);
    producer.start(carrier, 0);
    expect(carrier.tags).toEqual([0, 1, 2]);
    expect(book.rows.full).toBe(true);
  });

  test("pauses while enough tasks wait, and goes on when they are taken", async () => {
    const { book, producer, carrier } = producing({ slots: 4, depthMax: 2 });
    producer.start(carrier, 0);
    expect(carrier.tags).toEqual([0, 1]);
    producer.answered();
    expect(carrier.tags).toEqual([0, 1]);
    book.rows.addDelivered();
    await carrier.has(3);
    expect(carrier.tags).toEqual([0, 1, 2]);
    await producer.stop(0);
  });
});

test("a producer that was stopped starts no more, and has stopped once everything is answered", async () => {
  const { producer, carrier } = producing({ slots: 2 });
  producer.start(carrier, 0);
  const stopped = producer.stop(60_000);
  producer.answered();
  expect(await isSettled(stopped)).toBe(false);
  producer.answered();
  await stopped;
  expect(carrier.sent).toHaveLength(2);
});

test("a producer that gets no answers stops when the time is over", async () => {
  const { producer, carrier } = producing({});
  producer.start(carrier, 0);
  await producer.stop(1);
  expect(carrier.sent).toHaveLength(1);
});

describe("an open model", () => {
  /** So many creates are due already, a millisecond apart. */
  function overdue(count: number, change: Partial<ProducerPlan>) {
    const it = producing({ ratePerSecond: 1000, ...change });
    const startUs = it.book.clock.nowUs() - (count - 1) * 1000 - 500;
    it.producer.start(it.carrier, startUs);
    return { ...it, startUs };
  }

  test("sends what is due, each with the time it should have started at", async () => {
    const { producer, carrier, startUs } = overdue(5, {});
    expect(carrier.sent.slice(0, 5)).toEqual(
      [0, 1, 2, 3, 4].map((tag) => ({ first: tag, count: 1, intendedUs: startUs + tag * 1000 })),
    );
    await carrier.has(6);
    await producer.stop(0);
  });

  test("gathers what is due into batches, the first of which tells the time", async () => {
    const { producer, carrier, startUs } = overdue(10, { batch: 4 });
    expect(carrier.sent.slice(0, 2)).toEqual([
      { first: 0, count: 4, intendedUs: startUs },
      { first: 4, count: 4, intendedUs: startUs + 4000 },
    ]);
    expect(carrier.sent[2]).toMatchObject({ first: 8, intendedUs: startUs + 8000 });
    await producer.stop(0);
  });

  test("lets what is due wait while all slots are taken, and keeps the time it was due at", async () => {
    const { producer, carrier, startUs } = overdue(10, { via: "rest", slots: 2 });
    expect(carrier.tags).toEqual([0, 1]);
    producer.answered();
    expect(carrier.sent[2]).toEqual({ first: 2, count: 1, intendedUs: startUs + 2000 });
    expect(carrier.sent).toHaveLength(3);
    await producer.stop(0);
  });

  test("is not held to slots on a stream, which has none", async () => {
    const { producer, carrier } = overdue(50, { slots: 1 });
    expect(carrier.sent.length).toBeGreaterThanOrEqual(50);
    await producer.stop(0);
  });

  test("sends nothing early", async () => {
    const { book, producer, carrier } = producing({ ratePerSecond: 1000 });
    producer.start(carrier, book.clock.nowUs() + 60e6);
    expect(carrier.sent).toEqual([]);
    await producer.stop(0);
    expect(producer.lag?.total).toBe(0);
  });

  test("tells how late it noticed each, sent or not", async () => {
    const { producer } = overdue(10, { via: "rest", slots: 1 });
    expect(producer.lag?.total).toBeGreaterThanOrEqual(10);
    expect(producer.lag?.max).toBeGreaterThanOrEqual(9000);
    await producer.stop(0);
  });

  test("tells in the end what was due and not sent", async () => {
    const { producer, startUs } = overdue(10, { via: "rest", slots: 3 });
    expect(producer.unsent).toBeUndefined();
    await producer.stop(0);
    expect(producer.unsent).toMatchObject({ firstUs: startUs + 3000, stepUs: 1000 });
    expect(producer.unsent?.count).toBeGreaterThanOrEqual(7);
  });

  test("skips what has fallen behind beyond all bounds, and counts it", async () => {
    const { book, producer, carrier } = producing({ ratePerSecond: 1e9, via: "rest", slots: 1 }, 10);
    const startUs = book.clock.nowUs() - 3000;
    producer.start(carrier, startUs);
    expect(book.counts.get("skippedArrivals")).toBeGreaterThanOrEqual(2_000_000);
    expect(carrier.sent[0]?.intendedUs).toBeGreaterThanOrEqual(startUs + 2000);
    await producer.stop(0);
  });
});

/** Whether it is by now, all that was due having been done. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
  return await Promise.race([promise.then(() => true), later]);
}
