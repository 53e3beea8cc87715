import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the parts of a compiled program lie. */
const EMBEDDED = "/$bunfs/";
const OUTPUT_CHARS_MAX = 64 * 1024;
/** Longer than the server's own time for draining. */
const STOP_MS_MAX = 15_000;

/** This program once more, as `codeq serve` on a free port of the loopback address, with data that goes away with it. */
export class LocalServer implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #dataDir: string;
  readonly #listening = Promise.withResolvers<string>();
  #url = "";

  private constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#dataDir = mkdtempSync(join(tmpdir(), "codeq-loadtest-"));
    const self = Bun.main.startsWith(EMBEDDED) ? [process.execPath] : [process.execPath, Bun.main];
    const flags = ["--host", "127.0.0.1", "--port", "0", "--data-dir", this.#dataDir];
    // Its start is read from its log.
    this.#process = Bun.spawn([...self, "serve", ...flags, "--log-format", "json", "--log-level", "info"], {
      env: { ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      // Ctrl-C is for the load: its verdict still needs the server.
      detached: true,
    });
    void this.#read();
  }

  /** @throws Error with what it wrote when it ends instead of listening */
  static async start(env: Readonly<Record<string, string | undefined>>): Promise<LocalServer> {
    const server = new LocalServer(env);
    try {
      server.#url = await server.#listening.promise;
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }

  /** Lets it drain, then removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS_MAX);
    await this.#process.exited;
    clearTimeout(impatience);
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** Reads on when it listens: a server whose output nobody takes would stand still. */
  async #read(): Promise<void> {
    let text = "";
    for await (const chunk of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      text = (text + chunk).slice(-OUTPUT_CHARS_MAX);
      const url = /"url":"([^"]+)".*"msg":"listening"/.exec(text)?.[1];
      if (url !== undefined) this.#listening.resolve(url);
    }
    this.#listening.reject(new Error(`the server for this run ended before it listened:\n${text}`));
  }
}
