import { CodeqError } from "./codeq-error.ts";
import { type CommandSchemas, PayloadChecker } from "./commands.ts";
import { connectionOf } from "./connection-options.ts";
import type { Created } from "./create-backlog.ts";
import { createFrom } from "./create-from.ts";
import { CreateStream } from "./create-stream.ts";
import type { NewTask } from "./new-task.ts";
import { type ProducerOptions, producerLimits } from "./producer-options.ts";
import { checkTask } from "./task-check.ts";

/** What became of one task of several. */
export type CreateOutcome = ({ readonly ok: true } & Created) | { readonly ok: false; readonly error: CodeqError };

/**
 * Creates tasks over one stream that is connected at first use and again whenever it breaks. Tasks that are created at
 * about the same time share a message by themselves.
 *
 * @example
 * await using producer = new Producer({ token: "dev-token" });
 * const { id } = await producer.create({ command: "EMAIL", payload: { to: "ann@example.com" } });
 */
export class Producer<Schemas extends CommandSchemas = CommandSchemas> implements AsyncDisposable {
  readonly #stream: CreateStream;
  readonly #checker: PayloadChecker | undefined;

  /**
   * Does not connect yet.
   * @throws CodeqError INVALID_ARGUMENT for an option out of its bounds
   */
  constructor(options: ProducerOptions<Schemas>) {
    this.#stream = new CreateStream(connectionOf(options, "127.0.0.1:9092"), producerLimits(options));
    this.#checker = options.schemas === undefined ? undefined : new PayloadChecker(options.schemas);
  }

  /** Tasks that wait for their acknowledgement. */
  get pending(): number {
    return this.#stream.pending;
  }

  /**
   * Resolves once the server is connected, which `create` does not need to wait for.
   * @throws CodeqError when the server refuses, with its code; UNREACHABLE after `unreachableMsMax`; CLOSED
   */
  connect(): Promise<void> {
    return this.#stream.connect();
  }

  /**
   * Resolves once the task is stored. While there is no connection it waits for one.
   * @throws CodeqError with the server's code when that refuses the task, or INVALID_ARGUMENT, INVALID_PAYLOAD,
   * PAYLOAD_TOO_LARGE, BUFFER_FULL, UNREACHABLE, OUTCOME_UNKNOWN, CLOSED
   */
  create(task: NewTask<Schemas>): Promise<Created> {
    // A command of the schemas is a command.
    const plain = task as NewTask;
    if (this.#checker === undefined) return this.#stream.create(plain);
    return this.#createChecked(this.#checker, plain);
  }

  /**
   * Creates every task that can be, however many there are: what does not fit into the buffer waits.
   * @returns what became of each, in order; does not reject
   */
  async createMany(tasks: readonly NewTask<Schemas>[]): Promise<CreateOutcome[]> {
    const outcomes: Promise<CreateOutcome>[] = [];
    for (const task of tasks) {
      while (!this.#stream.hasRoom) await this.#stream.room();
      outcomes.push(outcomeOf(this.create(task)));
    }
    return Promise.all(outcomes);
  }

  /**
   * Creates tasks as they come, taking only as many from the source as there is room for.
   * @returns what became of each, in order, as soon as it is known. Leaving the loop early stops taking tasks.
   * @throws what the source throws
   */
  createFrom(
    source: Iterable<NewTask<Schemas>> | AsyncIterable<NewTask<Schemas>>,
  ): AsyncGenerator<CreateOutcome, void, undefined> {
    return createFrom({
      source,
      create: (task) => outcomeOf(this.create(task)),
      hasRoom: () => this.#stream.hasRoom,
      room: () => this.#stream.room(),
      windowMax: Math.min(this.#stream.pendingMax, OUTCOMES_MAX),
    });
  }

  /**
   * Resolves when there is room for another task; when the producer is closed, too.
   * A loop that does not await each `create` awaits this.
   */
  async room(): Promise<void> {
    if (!this.#stream.hasRoom) await this.#stream.room();
  }

  /**
   * Takes no more tasks, waits until all are answered, and disconnects.
   * @param graceMs how long to wait; then the rest rejects. Default 30,000.
   */
  close(graceMs = 30_000): Promise<void> {
    return this.#stream.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #createChecked(checker: PayloadChecker, task: NewTask): Promise<Created> {
    checkTask(task);
    await checker.check(task.command, task.payload);
    // What the schema makes of it is for the worker, who asks the same schema again.
    return this.#stream.create(task);
  }
}

/** Outcomes of `createFrom` that wait to be asked for. */
const OUTCOMES_MAX = 4096;

async function outcomeOf(creating: Promise<Created>): Promise<CreateOutcome> {
  try {
    return { ok: true, ...(await creating) };
  } catch (error) {
    if (error instanceof CodeqError) return { ok: false, error };
    throw error;
  }
}
