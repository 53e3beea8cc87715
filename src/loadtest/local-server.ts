import type { RunDirectory } from "./run-directory.ts";

/** Where the parts of a compiled program lie. */
const EMBEDDED = "/$bunfs/";
const OUTPUT_CHARS_MAX = 64 * 1024;
/** Longer than the server's own time for draining. */
const STOP_MS_MAX = 15_000;

/** This program once more, as `codeq serve` on a free port of the loopback address, with data that goes away with the run. */
export class LocalServer implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #listening = Promise.withResolvers<string | undefined>();
  #url = "";

  private constructor(directory: RunDirectory, env: Readonly<Record<string, string | undefined>>) {
    const self = Bun.main.startsWith(EMBEDDED) ? [process.execPath] : [process.execPath, Bun.main];
    const flags = ["--host", "127.0.0.1", "--port", "0", "--data-dir", directory.at("data")];
    // k6 speaks HTTP alone; its start is read from its log.
    const streams = ["--grpc-port", "auto", "--worker-port", "off", "--producer-port", "off"];
    const log = ["--log-format", "json", "--log-level", "info"];
    this.#process = Bun.spawn([...self, "serve", ...flags, ...streams, ...log], {
      env: { ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      // Ctrl-C is for the load: its verdict still needs the server.
      detached: true,
    });
    directory.owns(this.#process.pid);
    void this.#read();
  }

  /** @returns undefined when it ends instead of listening; it has said why on standard error */
  static async start(
    directory: RunDirectory,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<LocalServer | undefined> {
    const server = new LocalServer(directory, env);
    const url = await server.#listening.promise;
    if (url === undefined) {
      await server[Symbol.asyncDispose]();
      return undefined;
    }
    server.#url = url;
    return server;
  }

  get url(): string {
    return this.#url;
  }

  /** Lets it drain. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS_MAX);
    await this.#process.exited;
    clearTimeout(impatience);
  }

  /** Reads on when it listens: a server whose output nobody takes would stand still. */
  async #read(): Promise<void> {
    let text = "";
    for await (const chunk of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      text = (text + chunk).slice(-OUTPUT_CHARS_MAX);
      const url = /"url":"([^"]+)".*"msg":"listening"/.exec(text)?.[1];
      if (url !== undefined) this.#listening.resolve(url);
    }
    this.#listening.resolve(undefined);
  }
}
