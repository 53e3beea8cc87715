import type { Schedule } from "../duty-loop.ts";
import type { WorkerIdentity } from "../queue/claims.ts";
import { CodeqError } from "../queue/errors.ts";
import type { Task } from "../queue/task.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import { assignmentBytes } from "./assignment.ts";

/** What one Ready asks for. */
export interface Wish {
  /** Tasks wanted at most, at least 1. */
  readonly count: number;
  /** To be answered by a batch even if it is one task. */
  readonly asBatch: boolean;
}

export interface ReadyLineOptions {
  readonly queue: TaskQueue;
  readonly who: WorkerIdentity;
  /** Undefined claims every command of the tenant. */
  readonly commands: readonly string[] | undefined;
  /** The default lease when undefined. */
  readonly leaseMs: number | undefined;
  /** Tasks in one claim. */
  readonly claimMax: number;
  readonly assignmentBytesMax: number;
  /** The stream hands out no more. */
  readonly signal: AbortSignal;
  /** Readys get what is there now, and wait no more. Aborted when `signal` is. */
  readonly lastCall: AbortSignal;
  readonly schedule: Schedule;
  /** Resolves once the client has taken what it was sent. */
  readonly room: () => Promise<void> | undefined;
  readonly deliver: (tasks: readonly Task[], wish: Wish, line: ReadyLine) => void;
  /** A Ready gets this instead of tasks. */
  readonly refuse: (error: CodeqError) => void;
  readonly giveBack: (tasks: readonly Task[]) => void;
  /** Readys wait for something else than tasks: for a store in trouble, or for a place among those that wait. */
  readonly onTrouble: (error: unknown) => void;
  /** After `lastCall`: none is left. */
  readonly onFinished: () => void;
}

const RETRY_MS = 500;
/**
 * A connection that breaks looks like a client that has said its last, and shows what it is some milliseconds later: tasks
 * that were sent there meanwhile would wait for the end of their lease.
 */
const LAST_CALL_MS = 100;
const TASK_BYTES_GUESS = 16 * 1024;

/** No outages but the client's own doing: such a Ready would fail again. */
const FINAL: ReadonlySet<string> = new Set(["INVALID_ARGUMENT", "PERMISSION_DENIED"]);

/**
 * The Readys of one stream that want the same: they wait in one place, and one claim is made for all of them. A Ready
 * waits as long as the stream lives; an outage of the store does not end that, and neither does a server where too many
 * wait already: clients never send a Ready again that was refused.
 */
export class ReadyLine {
  readonly #options: ReadyLineOptions;
  #wishes: Wish[] = [];
  #claiming = false;
  /** Told already. */
  #trouble: string | undefined;
  /** What a task will need, going by those before. */
  #taskBytes = TASK_BYTES_GUESS;
  /** Made once: it is needed for each Ready. */
  readonly #serveLater = (): void => void this.#serve();

  constructor(options: ReadyLineOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#wishes.length;
  }

  /** Nothing waits or is on its way. */
  get idle(): boolean {
    return !this.#claiming;
  }

  /** A wish that was served, but its tasks could not be sent: it goes before the others. */
  restore(wish: Wish): void {
    this.#wishes.unshift(wish);
    this.#start();
  }

  add(wish: Wish): void {
    this.#wishes.push(wish);
    this.#start();
  }

  #start(): void {
    if (this.#claiming) return;
    this.#claiming = true;
    // Those that arrive in the same turn share the claim.
    queueMicrotask(this.#serveLater);
  }

  async #serve(): Promise<void> {
    const { signal, lastCall, room, onFinished } = this.#options;
    let waited = false;
    while (this.#wishes.length > 0 && !signal.aborted) {
      if (lastCall.aborted && !waited) {
        waited = true;
        await this.#pause(LAST_CALL_MS, signal);
      }
      await room();
      await this.#claim();
    }
    this.#claiming = false;
    if (lastCall.aborted) onFinished();
  }

  async #claim(): Promise<void> {
    const { queue, who, commands, leaseMs, signal, lastCall, giveBack } = this.#options;
    if (signal.aborted) return;
    const last = lastCall.aborted;
    const waiting = last ? { waitMs: 0, signal } : { waitMs: Number.POSITIVE_INFINITY, signal: lastCall };
    try {
      const tasks = await queue.claim(who, { commands, leaseMs, count: this.#claimCount(), ...waiting });
      this.#trouble = undefined;
      if (waiting.signal.aborted) giveBack(tasks);
      else if (tasks.length > 0) this.#deal(tasks);
      else if (last) this.#wishes = [];
      // Nothing to wait for: the queue drains, and the stream will be ended.
      else await this.#pause(RETRY_MS, lastCall);
    } catch (error) {
      await this.#failed(error, last);
    }
  }

  /** What the Readys want, as long as it is likely to fit in a message's worth of memory. */
  #claimCount(): number {
    const { claimMax, assignmentBytesMax } = this.#options;
    let wanted = 0;
    for (const { count } of this.#wishes) wanted += count;
    return Math.min(wanted, claimMax, Math.max(1, Math.floor(assignmentBytesMax / this.#taskBytes)));
  }

  /** Follows growing tasks at once and shrinking ones in steps. */
  #learn(tasks: readonly Task[]): void {
    let bytes = 0;
    for (const task of tasks) bytes += assignmentBytes(task);
    this.#taskBytes = Math.max(bytes / tasks.length, this.#taskBytes / 4);
  }

  /** Each Ready takes what it can, the longest waiting first. */
  #deal(tasks: readonly Task[]): void {
    this.#learn(tasks);
    let next = 0;
    while (next < tasks.length) {
      const wish = this.#wishes.shift();
      if (wish === undefined) break;
      const end = next + this.#shareOf(tasks, next, wish.count);
      this.#options.deliver(tasks.slice(next, end), wish, this);
      next = end;
    }
    if (next < tasks.length) this.#options.giveBack(tasks.slice(next));
  }

  /** As many tasks as fit in one message, one at least. */
  #shareOf(tasks: readonly Task[], start: number, count: number): number {
    let bytes = 0;
    let share = 0;
    for (const task of tasks.slice(start, start + count)) {
      bytes += assignmentBytes(task);
      if (share > 0 && bytes > this.#options.assignmentBytesMax) break;
      share += 1;
    }
    return share;
  }

  async #failed(error: unknown, last: boolean): Promise<void> {
    if (error instanceof CodeqError && FINAL.has(error.code)) {
      const refused = this.#wishes;
      this.#wishes = [];
      for (const _ of refused) this.#options.refuse(error);
      return;
    }
    const trouble = error instanceof Error ? error.message : String(error);
    if (trouble !== this.#trouble) this.#options.onTrouble(error);
    this.#trouble = trouble;
    if (last) this.#wishes = [];
    else await this.#pause(RETRY_MS, this.#options.lastCall);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    const cancel = this.#options.schedule(end, ms);
    signal.addEventListener("abort", end);
    await promise;
    signal.removeEventListener("abort", end);
    cancel();
  }
}
