import { Histogram, type HistogramData } from "../histogram.ts";
import { Arrivals } from "./arrivals.ts";
import type { CreateCarrier } from "./carriers.ts";
import type { ProducerPlan, Unsent } from "./load-plan.ts";
import type { TaskBook } from "./task-book.ts";

/**
 * Decides when creates start. Closed: each of the slots sends the next message once the one before is answered. Open: at
 * the times of a schedule; what is due while all slots are taken waits its turn, and counts from the time it was due.
 */
export class Producer {
  readonly #plan: ProducerPlan;
  readonly #book: TaskBook;
  readonly #underWayMax: number;
  #carrier: CreateCarrier | undefined;
  #arrivals: Arrivals | undefined;
  readonly #lag = new Histogram();
  #unsent: Unsent | undefined;
  #running = false;
  #underWay = 0;
  #pausing = 0;
  #sent = 0;
  #onIdle: () => void = () => undefined;

  constructor(plan: ProducerPlan, book: TaskBook) {
    this.#plan = plan;
    this.#book = book;
    // A stream has no slots of its own: an open model holds it to a bound on memory only.
    const open = plan.ratePerSecond !== undefined && plan.via === "stream";
    this.#underWayMax = open ? UNDER_WAY_MAX : plan.slots;
  }

  /** How late this noticed that creates were due, in microseconds; undefined for a closed loop. */
  get lag(): HistogramData | undefined {
    return this.#arrivals === undefined ? undefined : this.#lag.data();
  }

  /** What was due when the load ended and had not been sent; undefined for a closed loop. */
  get unsent(): Unsent | undefined {
    return this.#unsent;
  }

  /** @param atUs when the first create should start */
  start(carrier: CreateCarrier, atUs: number): void {
    this.#carrier = carrier;
    this.#running = true;
    const { ratePerSecond } = this.#plan;
    if (ratePerSecond === undefined) {
      for (let slot = 0; slot < this.#underWayMax; slot += 1) this.#sendNext();
    } else {
      this.#arrivals = new Arrivals(atUs, ratePerSecond);
      this.#tick();
    }
  }

  /** To be called by the carrier's events: a message has all its answers. */
  answered(): void {
    this.#underWay -= 1;
    if (this.#running) {
      if (this.#arrivals === undefined) this.#sendNext();
      else this.#sendDue();
    }
    if (!this.#running && this.#underWay === 0) this.#onIdle();
  }

  /** Starts no more; resolves once all are answered, or the time is over. */
  async stop(withinMs: number): Promise<void> {
    this.#running = false;
    this.#unsent = this.#arrivals?.unsent(this.#book.clock.nowUs());
    if (this.#underWay === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await Promise.race([promise, Bun.sleep(withinMs)]);
  }

  /** Resolves once `tasksMax` are created. */
  async done(): Promise<void> {
    if (!this.#running && this.#underWay === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }

  /** Unless enough tasks wait already: then the slot pauses. */
  #sendNext(): void {
    const { batch, depthMax } = this.#plan;
    if (depthMax === undefined || this.#book.rows.waiting < depthMax) {
      this.#send(batch, undefined);
      return;
    }
    this.#pausing += 1;
    if (this.#pausing === 1) setTimeout(() => this.#resume(), TICK_MS);
  }

  #resume(): void {
    const slots = this.#pausing;
    this.#pausing = 0;
    for (let slot = 0; slot < slots && this.#running; slot += 1) this.#sendNext();
  }

  #tick(): void {
    if (!this.#running) return;
    this.#sendDue();
    setTimeout(() => this.#tick(), TICK_MS);
  }

  #sendDue(): void {
    const arrivals = this.#arrivals;
    if (arrivals === undefined) return;
    const nowUs = this.#book.clock.nowUs();
    arrivals.notice(nowUs, (us) => this.#lag.record(us));
    let due = arrivals.due(nowUs);
    if (due > BACKLOG_MAX) {
      this.#book.counts.add("skippedArrivals", due - BACKLOG_MAX);
      arrivals.take(due - BACKLOG_MAX);
      due = BACKLOG_MAX;
    }
    while (due > 0 && this.#running && this.#underWay < this.#underWayMax) {
      const count = Math.min(due, this.#plan.batch);
      this.#send(count, arrivals.take(count));
      due -= count;
    }
  }

  /** @param intendedUs now when undefined */
  #send(wanted: number, intendedUs: number | undefined): void {
    const count = Math.min(wanted, (this.#plan.tasksMax ?? Number.POSITIVE_INFINITY) - this.#sent);
    const first = count > 0 ? this.#book.rows.take(count) : undefined;
    if (first === undefined) {
      this.#running = false;
      return;
    }
    this.#sent += count;
    this.#underWay += 1;
    this.#carrier?.send(first, count, intendedUs ?? this.#book.clock.nowUs());
  }
}

/** Bun's timers tick at one or two milliseconds; what is due within a tick is sent together. */
const TICK_MS = 1;
/** Messages of an open model on one stream. */
const UNDER_WAY_MAX = 20_000;
/** Arrivals that wait for a slot; those beyond are skipped, and counted. */
const BACKLOG_MAX = 1_000_000;
