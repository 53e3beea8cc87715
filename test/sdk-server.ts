import { Client, type ClientOptions, Producer, type ProducerOptions, Worker, type WorkerOptions } from "codeq/client";
import type { CommandSchemas } from "../src/client/commands.ts";
import { ServerProcess, type ServerSettings, TemporaryDirectory } from "./server-process.ts";

/** The development token of a server on loopback. */
export const TOKEN = "dev-token";

/** The compiled server on free ports and an empty directory, and SDK clients for it. It can be ended and come back. */
export class SdkServer implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #settings: Pick<ServerSettings, "flags" | "env">;
  #server: ServerProcess;

  private constructor(
    directory: TemporaryDirectory,
    settings: Pick<ServerSettings, "flags" | "env">,
    server: ServerProcess,
  ) {
    this.#directory = directory;
    this.#settings = settings;
    this.#server = server;
  }

  static start(...flags: readonly string[]): Promise<SdkServer> {
    return SdkServer.startWith({ flags });
  }

  static async startWith(settings: Pick<ServerSettings, "flags" | "env">): Promise<SdkServer> {
    const directory = new TemporaryDirectory();
    const server = await ServerProcess.start({ dataDir: directory.at("data"), ...settings });
    return new SdkServer(directory, settings, server);
  }

  get process(): ServerProcess {
    return this.#server;
  }

  /** The same ports and data as before. */
  async restart(): Promise<void> {
    const { port, workerPort, producerPort } = this.#server;
    const ports = ["--port", `${port}`, "--worker-port", `${workerPort}`, "--producer-port", `${producerPort}`];
    const flags = [...(this.#settings.flags ?? []), ...ports];
    this.#server = await ServerProcess.start({ dataDir: this.#directory.at("data"), ...this.#settings, flags });
  }

  producer<Schemas extends CommandSchemas = CommandSchemas>(
    options: Partial<ProducerOptions<Schemas>> = {},
  ): Producer<Schemas> {
    return new Producer({ address: `127.0.0.1:${this.#server.producerPort}`, token: TOKEN, ...options });
  }

  worker<Schemas extends CommandSchemas = CommandSchemas>(
    options: Partial<WorkerOptions<Schemas>> & Pick<WorkerOptions<Schemas>, "handler">,
  ): Worker<Schemas> {
    return new Worker({ address: `127.0.0.1:${this.#server.workerPort}`, token: TOKEN, ...options });
  }

  client(options: Partial<ClientOptions> = {}): Client {
    return new Client({ url: this.#server.url, token: TOKEN, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** Values that come one by one, to be awaited in the order they come. */
export class Arrivals<T> {
  readonly #values: T[] = [];
  #changed = Promise.withResolvers<void>();

  readonly add = (value: T): void => {
    this.#values.push(value);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  };

  get size(): number {
    return this.#values.length;
  }

  /** So many, or more, taken together. */
  async atLeast(count: number): Promise<readonly T[]> {
    while (this.#values.length < count) await this.#changed.promise;
    return this.#values;
  }
}

/** What it rejects with. @throws Error when it does not */
export async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}
