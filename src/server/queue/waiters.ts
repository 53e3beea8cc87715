import { CodeqError } from "./errors.ts";

/**
 * Who waits for what. A ticket waits under one or several topics (a lane, a task's result) and is woken by the event
 * itself, so nothing polls.
 *
 * No wake-up may get lost: take the ticket, look, and only then wait on it. A ticket that was woken but needs nothing
 * any more hands its wake-up to the next one in line when it leaves.
 */
export class Waiters {
  readonly #lines = new Map<string, Set<Ticket>>();
  readonly #ticketsMax: number;
  #count = 0;
  #closed = false;

  constructor(ticketsMax: number) {
    this.#ticketsMax = ticketsMax;
  }

  get count(): number {
    return this.#count;
  }

  /** @throws CodeqError RESOURCE_EXHAUSTED when too many wait already */
  join(topics: readonly string[]): Ticket {
    if (this.#count >= this.#ticketsMax) {
      throw new CodeqError("RESOURCE_EXHAUSTED", `too many waiting requests (limit ${this.#ticketsMax})`);
    }
    const ticket = new Ticket(this, topics);
    this.#count += 1;
    if (this.#closed) ticket.end();
    else this.#enqueue(ticket);
    return ticket;
  }

  /** Wakes at most `count` of those who wait for the topic, longest waiting first, and tells how many it woke. */
  wake(topic: string, count: number): number {
    const line = this.#lines.get(topic);
    if (line === undefined) return 0;
    let woken = 0;
    for (const ticket of line) {
      if (woken >= count) break;
      this.#dequeue(ticket);
      ticket.wakeBy(topic);
      woken += 1;
    }
    return woken;
  }

  /** Ends every wait, now and from now on: the server drains. */
  close(): void {
    this.#closed = true;
    for (const line of this.#lines.values()) for (const ticket of line) ticket.end();
    this.#lines.clear();
  }

  /** For Ticket only. */
  rearm(ticket: Ticket): void {
    if (this.#closed) ticket.end();
    else this.#enqueue(ticket);
  }

  /** For Ticket only. */
  leave(ticket: Ticket, wokenBy: string | undefined): void {
    this.#count -= 1;
    this.#dequeue(ticket);
    if (wokenBy !== undefined) this.wake(wokenBy, 1);
  }

  #enqueue(ticket: Ticket): void {
    for (const topic of ticket.topics) {
      const line = this.#lines.get(topic);
      if (line === undefined) this.#lines.set(topic, new Set([ticket]));
      else line.add(ticket);
    }
  }

  #dequeue(ticket: Ticket): void {
    for (const topic of ticket.topics) {
      const line = this.#lines.get(topic);
      line?.delete(ticket);
      if (line?.size === 0) this.#lines.delete(topic);
    }
  }
}

/** One place in line. Owned by the request that took it, which must call `leave` in the end. */
export class Ticket {
  readonly topics: readonly string[];
  readonly #waiters: Waiters;
  #wokenBy: string | undefined;
  #ended = false;
  #left = false;
  #notify: (() => void) | undefined;

  constructor(waiters: Waiters, topics: readonly string[]) {
    this.#waiters = waiters;
    this.topics = topics;
  }

  /**
   * True when there may be something to get; the ticket is in line again then. False when the wait is over: the
   * deadline passed, the caller gave up or the server drains.
   * @param waitMs may be Infinity
   */
  async woken(waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#wokenBy === undefined && !this.#ended) await this.#sleep(waitMs, signal);
    if (this.#wokenBy === undefined || signal?.aborted === true) return false;
    this.#wokenBy = undefined;
    this.#waiters.rearm(this);
    return true;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#waiters.leave(this, this.#wokenBy);
  }

  /** For Waiters only. */
  wakeBy(topic: string): void {
    this.#wokenBy = topic;
    this.#notify?.();
  }

  /** For Waiters only. */
  end(): void {
    this.#ended = true;
    this.#notify?.();
  }

  async #sleep(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (waitMs <= 0 || signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const notify = (): void => resolve();
    const timer = Number.isFinite(waitMs) ? setTimeout(notify, waitMs) : undefined;
    this.#notify = notify;
    signal?.addEventListener("abort", notify);
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", notify);
    this.#notify = undefined;
  }
}
