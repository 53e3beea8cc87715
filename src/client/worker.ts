import { CodeqError } from "./codeq-error.ts";
import type { CommandSchemas } from "./commands.ts";
import { connectionOf } from "./connection-options.ts";
import { WorkStream } from "./work-stream.ts";
import { type WorkerOptions, workerLimits } from "./worker-options.ts";

const NAME_BYTES_MAX = 256;

/**
 * Works on tasks over one stream that is connected again whenever it breaks. Leases are kept by heartbeats while
 * handlers run; verdicts whose acknowledgement was lost are sent again.
 *
 * @example
 * const worker = new Worker({ token: "dev-token", commands: ["EMAIL"], handler: async (task) => ({ sent: true }) });
 * process.once("SIGTERM", () => void worker.close());
 * await worker.run();
 */
export class Worker<Schemas extends CommandSchemas = CommandSchemas> implements AsyncDisposable {
  /** As asked for: the server may put it into the name space of the token. */
  readonly workerId: string;
  readonly #stream: WorkStream<Schemas>;
  readonly #ended: Promise<void>;
  #opened = false;

  /**
   * Does not connect yet.
   * @throws CodeqError INVALID_ARGUMENT for an option out of its bounds
   */
  constructor(options: WorkerOptions<Schemas>) {
    this.workerId = options.workerId ?? `worker-${globalThis.crypto.randomUUID()}`;
    const bytes = Buffer.byteLength(this.workerId);
    if (this.workerId.trim() === "" || bytes > NAME_BYTES_MAX) {
      throw new CodeqError("INVALID_ARGUMENT", `workerId has ${bytes} bytes: 1 to ${NAME_BYTES_MAX} are allowed`);
    }
    let onEnd: (error: CodeqError | undefined) => void = () => undefined;
    this.#ended = new Promise((resolve, reject) => {
      onEnd = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    // Whoever wants to know awaits `run`.
    this.#ended.catch(() => undefined);
    this.#stream = new WorkStream({
      connection: connectionOf(options, "127.0.0.1:9091"),
      limits: workerLimits(options),
      worker: options,
      workerId: this.workerId,
      onEnd,
    });
  }

  /** Tasks that handlers work on, or will as soon as there is room. */
  get running(): number {
    return this.#stream.running;
  }

  /**
   * Connects and works until `close`. Further calls wait for the same end.
   * @throws CodeqError when the server will not have this worker: UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT,
   * PROTOCOL. A server that cannot be reached is no error: the worker goes on trying.
   */
  run(): Promise<void> {
    if (!this.#opened) {
      this.#opened = true;
      this.#stream.open();
    }
    return this.#ended;
  }

  /**
   * Takes no more tasks, waits for the handlers that run and for the acknowledgement of what they return, and
   * disconnects. Tasks no handler has seen go back.
   * @param graceMs how long handlers may take; then their signals abort and their tasks go back. Default 30,000.
   */
  async close(graceMs = 30_000): Promise<void> {
    this.#opened = true;
    this.#stream.close(graceMs);
    await this.#ended.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
