import type { Endpoints } from "../load/load-plan.ts";
import { RunClock } from "../load/run-clock.ts";
import { ServerProfile } from "../profile/server-profile.ts";
import { ownCommand } from "./own-command.ts";

export interface ServerChildOptions {
  readonly dataDir: string;
  readonly shards: number;
  readonly durability: "off" | "normal" | "full";
  /** More flags for `codeq serve`. */
  readonly flags: readonly string[];
  /** By which it will be told to profile itself; undefined when it will not. */
  readonly profile: ServerProfile | undefined;
}

/** The server ended while it was needed. */
export class ServerDied extends Error {
  override readonly name = "ServerDied";
}

/** `codeq serve` as a process of its own, on free ports of the loopback interface. */
export class ServerChild implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #listening = Promise.withResolvers<Endpoints>();
  readonly #died = Promise.withResolvers<never>();
  #stopping = false;
  #lastLines: readonly string[] = [];
  readonly #errorLines: TimedLine[] = [];

  constructor({ dataDir, shards, durability, flags, profile }: ServerChildOptions) {
    const settings = ["--port", "0", "--data-dir", dataDir, "--shards", String(shards), "--durability", durability];
    this.#process = Bun.spawn([...ownCommand(), "serve", ...settings, "--log-format", "json", ...LIMITS, ...flags], {
      // Nothing of the caller's own configuration may reach the server.
      env: { PATH: "/usr/bin:/bin", ...(profile === undefined ? {} : ServerProfile.env) },
      cwd: dataDir,
      // A Ctrl-C at the terminal is ours to handle: it must not end the server under a run that still reads from it.
      detached: true,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      ...(profile === undefined ? {} : { ipc: profile.receive }),
    });
    profile?.attach((message) => this.#process.send(message));
    this.#died.promise.catch(() => undefined);
    this.#listening.promise.catch(() => undefined);
    void this.#readOutput();
    void this.#readErrors();
    void this.#process.exited.then((code) => this.#exited(code));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Rejects with `ServerDied` if the server ends before it is told to; never resolves. */
  get death(): Promise<never> {
    return this.#died.promise;
  }

  /** What the server wrote to standard error so far, line by line, up to a bound. */
  get errorLines(): readonly TimedLine[] {
    return this.#errorLines;
  }

  /** Where it listens, once it does. */
  listening(): Promise<Endpoints> {
    return Promise.race([this.#listening.promise, this.death]);
  }

  /** @param graceMs until it is killed */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), graceMs);
    await this.#process.exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async #readOutput(): Promise<void> {
    for await (const line of linesOf(this.#process.stdout)) {
      this.#lastLines = [...this.#lastLines, line].slice(-LINES_KEPT);
      if (!line.includes('"producerPort"')) continue;
      // One line of the server's own log.
      const { url, producerPort, workerPort } = JSON.parse(line) as Listening;
      this.#listening.resolve({
        httpUrl: url,
        producerUrl: `http://127.0.0.1:${producerPort}`,
        workerUrl: `http://127.0.0.1:${workerPort}`,
      });
    }
  }

  async #readErrors(): Promise<void> {
    for await (const line of linesOf(this.#process.stderr)) {
      if (this.#errorLines.length < ERROR_LINES_MAX) this.#errorLines.push({ line, atMs: RunClock.now() });
    }
  }

  #exited(code: number): void {
    if (this.#stopping) return;
    const last = this.#errorLines.at(-1)?.line ?? this.#lastLines.at(-1) ?? "it said nothing";
    const died = new ServerDied(`the server ended with code ${code}: ${last}`);
    this.#died.reject(died);
  }
}

export interface TimedLine {
  readonly line: string;
  /** When it came, in milliseconds since the epoch. */
  readonly atMs: number;
}

interface Listening {
  readonly url: string;
  readonly producerPort: number;
  readonly workerPort: number;
}

/** The bench asks for bigger batches than a server of strangers would allow. */
const LIMITS = ["--create-batch-max", "10000", "--claim-batch-max", "10000", "--result-batch-max", "10000"];
const LINES_KEPT = 20;
const ERROR_LINES_MAX = 1_000_000;

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
