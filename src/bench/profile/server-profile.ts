import { mkdirSync } from "node:fs";
import { z } from "zod";

const replySchema = z.union([
  z.object({ profile: z.enum(["began", "ended", "heap-snapshot-taken"]) }),
  z.object({ profile: z.literal("objects-counted"), objects: z.number(), bytes: z.number() }),
  z.object({ profile: z.literal("heap-looked-at"), objects: z.number(), left: z.number() }),
  z.object({ profile: z.literal("failed"), reason: z.string() }),
]);

/** What is left on the server's heap after a full collection. */
export interface HeapCount {
  readonly objects: number;
  readonly bytes: number;
}

/** The server's heap between two collections. */
export interface HeapLook {
  /** All that were made since the last collection, and those that it left. */
  readonly objects: number;
  /** Those that it left: another number means another collection. */
  readonly left: number;
}

/** Longer than a snapshot of the largest heap takes. */
const REPLY_MS_MAX = 60_000;

/**
 * The channel by which our own server is told to profile itself. The server must be started with `env` and with
 * `receive` as the listener of its messages.
 */
export class ServerProfile {
  /** What the server needs in its environment; the second makes the runtime log its garbage collections. */
  static readonly env = { CODEQ_PROFILING: "ipc", BUN_JSC_logGC: "1" } as const;
  /** Where the files go; undefined when only the heap is counted. */
  readonly directory: string | undefined;
  #send: ((message: unknown) => void) | undefined;
  #waiting: ((reply: z.infer<typeof replySchema>) => void) | undefined;

  constructor(directory: string | undefined) {
    this.directory = directory;
    if (directory !== undefined) mkdirSync(directory, { recursive: true });
  }

  /** To be called with what sends to the server, once it is started. */
  attach(send: (message: unknown) => void): void {
    this.#send = send;
  }

  readonly receive = (message: unknown): void => {
    const reply = replySchema.safeParse(message);
    if (reply.success) this.#waiting?.(reply.data);
  };

  /** Nothing without a directory. @throws Error when the server cannot, or does not answer */
  async begin(): Promise<void> {
    if (this.directory !== undefined) await this.#ask({ profile: "begin", directory: this.directory });
  }

  /** @throws Error as `begin` */
  async end(): Promise<void> {
    if (this.directory !== undefined) await this.#ask({ profile: "end" });
  }

  /** Stops the server for as long as it takes. @throws Error as `begin`, and when the heap is too large */
  async takeHeapSnapshot(): Promise<void> {
    await this.#ask({ profile: "heap-snapshot", directory: this.directory });
  }

  /** Stops the server for a full collection. @throws Error as `begin` */
  async countObjects(): Promise<HeapCount> {
    const reply = await this.#ask({ profile: "count-objects" });
    if (reply.profile !== "objects-counted") throw new Error(`the server answered ${reply.profile}`);
    return reply;
  }

  /** Stops the server for as long as it takes to walk over its heap. @throws Error as `begin` */
  async lookAtHeap(): Promise<HeapLook> {
    const reply = await this.#ask({ profile: "look-at-heap" });
    if (reply.profile !== "heap-looked-at") throw new Error(`the server answered ${reply.profile}`);
    return reply;
  }

  async #ask(message: unknown): Promise<z.infer<typeof replySchema>> {
    const send = this.#send;
    if (send === undefined) throw new Error("no server to profile");
    const { promise, resolve, reject } = Promise.withResolvers<z.infer<typeof replySchema>>();
    this.#waiting = resolve;
    const timer = setTimeout(
      () => reject(new Error("the server does not answer requests for a profile")),
      REPLY_MS_MAX,
    );
    try {
      send(message);
      const reply = await promise;
      if (reply.profile === "failed") throw new Error(`the server could not take a profile: ${reply.reason}`);
      return reply;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }
}
