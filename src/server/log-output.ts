import type { Schedule } from "./duty-loop.ts";

/** Hands bytes on, as many as the reader takes, and tells how many that were. */
export type WriteSome = (bytes: Uint8Array) => Promise<number>;

/** A reader that does not keep up costs lines, never memory without end nor a server that stands still. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024;
const FLUSH_MS_MAX = 1000;
const RETRY_MS = 10;

/**
 * Writes lines in order, one write at a time. The runtime's own stream for standard output neither says how much it
 * holds nor when it is through, so a reader that stands still would make it grow.
 */
export class LogOutput {
  readonly #writeSome: WriteSome;
  readonly #schedule: Schedule;
  #queue: string[] = [];
  #queuedCharacters = 0;
  #dropped = 0;
  #pumping: Promise<void> | undefined;

  constructor(writeSome: WriteSome, schedule: Schedule) {
    this.#writeSome = writeSome;
    this.#schedule = schedule;
  }

  /** @param line with its line end */
  write(line: string): void {
    if (this.#queuedCharacters + line.length > QUEUE_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) this.#push(lossLine(line, this.#dropped));
    this.#dropped = 0;
    this.#push(line);
    this.#pumping ??= this.#pump();
  }

  /** Resolves when everything is with the reader, or when it has had a second for it. */
  async flush(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#schedule(resolve, FLUSH_MS_MAX);
    await Promise.race([this.#pumping, late]);
    cancel();
  }

  #push(line: string): void {
    this.#queue.push(line);
    this.#queuedCharacters += line.length;
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const text = this.#queue.join("");
      this.#queue = [];
      await this.#writeAll(Buffer.from(text));
      // Only now: what is being written counts as held.
      this.#queuedCharacters -= text.length;
    }
    this.#pumping = undefined;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await this.#writeSome(rest));
      } catch (error) {
        // Anything else means that the reader is gone: no reason to end the server, and nowhere to report it.
        if (!isBusy(error)) return;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#schedule(resolve, RETRY_MS);
    return promise;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

/** In the format of the lines around it. */
function lossLine(line: string, dropped: number): string {
  const message = `${dropped} lines were not read in time and are lost`;
  return line.startsWith("{") ? `{"level":"warn","msg":"${message}"}\n` : `WARN  ${message}\n`;
}
