import { mkdirSync } from "node:fs";
import { z } from "zod";

const replySchema = z.union([
  z.object({ profile: z.enum(["began", "ended", "heap-snapshot-taken"]) }),
  z.object({ profile: z.literal("failed"), reason: z.string() }),
]);

/** Longer than a snapshot of the largest heap takes. */
const REPLY_MS_MAX = 60_000;

/**
 * The channel by which our own server is told to profile itself. The server must be started with `env` and with
 * `receive` as the listener of its messages.
 */
export class ServerProfile {
  /** What the server needs in its environment; the second makes the runtime log its garbage collections. */
  static readonly env = { CODEQ_PROFILING: "ipc", BUN_JSC_logGC: "1" } as const;
  /** Where the files go. */
  readonly directory: string;
  #send: ((message: unknown) => void) | undefined;
  #waiting: ((reply: z.infer<typeof replySchema>) => void) | undefined;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** To be called with what sends to the server, once it is started. */
  attach(send: (message: unknown) => void): void {
    this.#send = send;
  }

  readonly receive = (message: unknown): void => {
    const reply = replySchema.safeParse(message);
    if (reply.success) this.#waiting?.(reply.data);
  };

  /** @throws Error when the server cannot, or does not answer */
  begin(): Promise<void> {
    return this.#ask({ profile: "begin", directory: this.directory });
  }

  /** @throws Error as `begin` */
  end(): Promise<void> {
    return this.#ask({ profile: "end" });
  }

  /** Stops the server for as long as it takes. @throws Error as `begin`, and when the heap is too large */
  takeHeapSnapshot(): Promise<void> {
    return this.#ask({ profile: "heap-snapshot", directory: this.directory });
  }

  async #ask(message: unknown): Promise<void> {
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
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }
}
