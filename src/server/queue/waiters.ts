import { CodeqError } from "./errors.ts";

/**
 * Who waits for what. A ticket stands in one or several lines (a lane, a task's result) and is woken by the event
 * itself, so nothing polls.
 *
 * No wake-up may get lost. Take the ticket, look, and only then wait on it. And who was woken for something but takes
 * something else, or leaves, hands the wake-up on: what it was woken for is still there.
 */
export class Waiters {
  readonly #lines = new Map<string, Set<Ticket>>();
  readonly #ticketsMax: number;
  readonly #handOn: (cause: string, count: number) => void;
  #count = 0;
  #closed = false;

  /** @param handOn wakes others for what a ticket leaves behind; `cause` as it was given to `wake` */
  constructor(ticketsMax: number, handOn: (cause: string, count: number) => void) {
    this.#ticketsMax = ticketsMax;
    this.#handOn = handOn;
  }

  get count(): number {
    return this.#count;
  }

  /** There is no place for another ticket. */
  get isFull(): boolean {
    return this.#count >= this.#ticketsMax;
  }

  /**
   * @param want how many things the ticket can take: so many of the count of a wake-up are spent on it
   * @throws CodeqError RESOURCE_EXHAUSTED when too many wait already
   */
  join(lines: readonly string[], want: number): Ticket {
    if (this.isFull) {
      throw new CodeqError("RESOURCE_EXHAUSTED", `too many waiting requests (limit ${this.#ticketsMax})`);
    }
    const ticket = new Ticket(this, lines, want);
    this.#count += 1;
    this.rearm(ticket);
    return ticket;
  }

  /**
   * Wakes those in the line, longest waiting first, until they can take `count` things together.
   * @returns how many of the count nobody took
   */
  wake(line: string, cause: string, count: number): number {
    let left = count;
    for (const ticket of this.#lines.get(line) ?? []) {
      if (left <= 0) break;
      const share = Math.min(ticket.want, left);
      this.#dequeue(ticket);
      ticket.wakeBy({ cause, count: share });
      left -= share;
    }
    return left;
  }

  /** Ends every wait, now and from now on: the server drains. */
  close(): void {
    this.#closed = true;
    for (const line of this.#lines.values()) for (const ticket of line) ticket.end();
    this.#lines.clear();
  }

  /** For Ticket only. */
  rearm(ticket: Ticket): void {
    if (this.#closed) {
      ticket.end();
      return;
    }
    for (const name of ticket.lines) {
      const line = this.#lines.get(name);
      if (line === undefined) this.#lines.set(name, new Set([ticket]));
      else line.add(ticket);
    }
  }

  /** For Ticket only. */
  leave(ticket: Ticket, unspent: readonly (WakeUp | undefined)[]): void {
    this.#count -= 1;
    this.#dequeue(ticket);
    for (const wakeUp of unspent)
      if (wakeUp !== undefined && wakeUp.count > 0) this.#handOn(wakeUp.cause, wakeUp.count);
  }

  #dequeue(ticket: Ticket): void {
    for (const name of ticket.lines) {
      const line = this.#lines.get(name);
      line?.delete(ticket);
      if (line?.size === 0) this.#lines.delete(name);
    }
  }
}

interface WakeUp {
  readonly cause: string;
  readonly count: number;
}

/** One place in line. Owned by the request that took it, which must call `leave` in the end. */
export class Ticket {
  readonly lines: readonly string[];
  readonly want: number;
  readonly #waiters: Waiters;
  /** Came while its owner was busy. */
  #pending: WakeUp | undefined;
  /** What its owner is looking after. */
  #serving: WakeUp | undefined;
  #ended = false;
  #left = false;
  #notify: (() => void) | undefined;

  constructor(waiters: Waiters, lines: readonly string[], want: number) {
    this.#waiters = waiters;
    this.lines = lines;
    this.want = want;
  }

  /** What it was woken for, since it last waited. */
  get cause(): string | undefined {
    return this.#serving?.cause;
  }

  /**
   * To be called after a look that found nothing. True when it is worth looking again; the ticket is in line then. False
   * when the wait is over: the deadline passed, the caller gave up or the server drains.
   * @param waitMs may be Infinity
   */
  async woken(waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    // Whoever gave up may not have looked at all.
    if (isAborted(signal)) return false;
    this.#serving = undefined;
    if (this.#pending === undefined && !this.#ended) await this.#sleep(waitMs, signal);
    if (this.#pending === undefined || isAborted(signal)) return false;
    this.#serving = this.#pending;
    this.#pending = undefined;
    this.#waiters.rearm(this);
    return true;
  }

  /** @param spent how many things it took of those it was woken for */
  leave(spent: number): void {
    if (this.#left) return;
    this.#left = true;
    const serving = this.#serving;
    const rest = serving === undefined ? undefined : { cause: serving.cause, count: serving.count - spent };
    this.#waiters.leave(this, [rest, this.#pending]);
  }

  /** For Waiters only. */
  wakeBy(wakeUp: WakeUp): void {
    this.#pending = wakeUp;
    this.#notify?.();
  }

  /** For Waiters only. */
  end(): void {
    this.#ended = true;
    this.#notify?.();
  }

  async #sleep(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (waitMs <= 0) return;
    // What it is resolved with, such as an event, is of no interest.
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = Number.isFinite(waitMs) ? setTimeout(resolve, waitMs) : undefined;
    this.#notify = resolve;
    signal?.addEventListener("abort", resolve);
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", resolve);
    this.#notify = undefined;
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
