import { CodeqError } from "./codeq-error.ts";
import { type CommandSchemas, PayloadChecker } from "./commands.ts";
import { guarded } from "./guarded.ts";
import type { HeldTask } from "./held-task.ts";
import { payloadText, ReceivedTask } from "./received-task.ts";
import { nack, type Verdict, verdictOf } from "./verdict.ts";
import type { WorkerOptions } from "./worker-options.ts";

export interface HandlerPoolOptions<Schemas extends CommandSchemas> {
  readonly worker: Pick<WorkerOptions<Schemas>, "handler" | "schemas" | "onHandlerError">;
  readonly concurrency: number;
  readonly onVerdict: (task: HeldTask, verdict: Verdict) => void;
}

/** Runs handlers, so many at a time; further tasks wait. */
export class HandlerPool<Schemas extends CommandSchemas> {
  readonly #options: HandlerPoolOptions<Schemas>;
  readonly #checker: PayloadChecker | undefined;
  readonly #onHandlerError: (error: unknown, task: ReceivedTask | undefined) => void;
  #waiting: HeldTask[] = [];
  #running = 0;

  constructor(options: HandlerPoolOptions<Schemas>) {
    this.#options = options;
    const { schemas, onHandlerError } = options.worker;
    this.#checker = schemas === undefined ? undefined : new PayloadChecker(schemas);
    this.#onHandlerError = guarded("onHandlerError", onHandlerError);
  }

  /** Tasks that run or wait. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  add(task: HeldTask): void {
    if (this.#running < this.#options.concurrency) this.#start(task);
    else this.#waiting.push(task);
  }

  /** Takes out the tasks that no handler has seen. */
  takeWaiting(): HeldTask[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** @returns whether the task waited; no handler will see it now */
  remove(task: HeldTask): boolean {
    const index = this.#waiting.indexOf(task);
    if (index === -1) return false;
    this.#waiting.splice(index, 1);
    return true;
  }

  #start(task: HeldTask): void {
    this.#running += 1;
    void this.#work(task).then((verdict) => {
      this.#running -= 1;
      this.#next();
      this.#options.onVerdict(task, verdict);
    });
  }

  #next(): void {
    const task = this.#waiting.shift();
    if (task !== undefined) this.#start(task);
  }

  /** Does not reject. */
  async #work(held: HeldTask): Promise<Verdict> {
    const { handler } = this.#options.worker;
    let task: ReceivedTask | undefined;
    try {
      const received = this.#received(held);
      task = received instanceof Promise ? await received : received;
      return verdictOf(await handler(task));
    } catch (error) {
      this.#onHandlerError(error, task);
      const reason = error instanceof Error ? error.message : String(error);
      return nack({ reason: reason.slice(0, REASON_UNITS_MAX) });
    }
  }

  #received({ message, signal }: HeldTask): ReceivedTask | Promise<ReceivedTask> {
    const payload: unknown = JSON.parse(payloadText(message));
    const checker = this.#checker;
    if (checker === undefined) return new ReceivedTask(message, message.command, payload, signal);
    const { command } = message;
    const make = (checked: unknown): ReceivedTask =>
      new ReceivedTask(message, checker.spelling(command), checked, signal);
    const checked = checker.check(command, payload);
    return checked instanceof Promise ? checked.then(make) : make(checked);
  }
}

const REASON_UNITS_MAX = 1000;

/** Stands for the end of a handler that did not come in time. */
export function closedError(): CodeqError {
  return new CodeqError("CLOSED", "the worker is closed");
}
