import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureBuilt } from "../scripts/build.ts";

const BINARY = ensureBuilt(dirname(import.meta.dir));

/** A directory that goes away with the test. */
export class TemporaryDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-e2e-"));

  at(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface ServerSettings {
  readonly dataDir: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the binary's own path: another user, a limit. */
  readonly prefix?: readonly string[];
}

/** The compiled server as a process of its own, on a free port. Killed, if need be, when it goes out of scope. */
export class ServerProcess implements AsyncDisposable {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #output: Promise<string>;
  readonly #errors: Promise<string>;
  readonly #listening = Promise.withResolvers<number>();
  #port = 0;
  #streamPorts = { worker: 0, producer: 0 };

  private constructor({ dataDir, flags = [], env = {}, prefix = [] }: ServerSettings) {
    const command = [
      ...prefix,
      BINARY,
      "serve",
      "--port",
      "0",
      "--log-format",
      "json",
      "--data-dir",
      dataDir,
      ...flags,
    ];
    this.process = Bun.spawn(command, {
      // Nothing of the caller's own configuration may reach the server.
      env: { PATH: "/usr/bin:/bin", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#output = this.#readOutput();
    this.#errors = new Response(this.process.stderr).text();
  }

  /** @throws Error with what it wrote when it ends instead of listening */
  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const server = new ServerProcess(settings);
    server.#port = await server.#listening.promise;
    return server;
  }

  /** For a start that fails: exit code and what was written. */
  static async fail(settings: ServerSettings): Promise<{ readonly code: number; readonly errors: string }> {
    const server = new ServerProcess(settings);
    server.#listening.promise.catch(() => undefined);
    const started = server.#listening.promise.then(
      () => true,
      () => false,
    );
    if (await started) server.process.kill("SIGKILL");
    return { code: await server.process.exited, errors: await server.#errors };
  }

  get port(): number {
    return this.#port;
  }

  /** Of the gRPC streams. */
  get workerPort(): number {
    return this.#streamPorts.worker;
  }

  get producerPort(): number {
    return this.#streamPorts.producer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Sends a signal; resolves with the exit code once the process is gone. */
  async end(signal: NodeJS.Signals): Promise<number> {
    this.process.kill(signal);
    return this.process.exited;
  }

  /** Everything on standard output, once it has ended. */
  output(): Promise<string> {
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  async #readOutput(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this.process.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const port = /"port":(\d+),.*"msg":"listening"/.exec(text)?.[1];
      if (port === undefined) continue;
      const named = (name: string): number => Number(new RegExp(`"${name}":(\\d+)`).exec(text)?.[1] ?? 0);
      this.#streamPorts = { worker: named("workerPort"), producer: named("producerPort") };
      this.#listening.resolve(Number(port));
    }
    this.#listening.reject(new Error(`the server did not start: ${text}${await this.#errors}`));
    return text;
  }
}
