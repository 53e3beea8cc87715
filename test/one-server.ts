import { type Answer, HttpConnection } from "./http-connection.ts";
import { ServerProcess, type ServerSettings, TemporaryDirectory } from "./server-process.ts";

const DEV_TOKEN = "dev-token";

/** A server with the dev token in a directory of its own, and one connection to it. */
export class OneServer implements AsyncDisposable {
  readonly directory = new TemporaryDirectory();
  #server: ServerProcess | undefined;
  #connection: HttpConnection | undefined;

  static async start(settings: Partial<ServerSettings> = {}): Promise<OneServer> {
    const one = new OneServer();
    await one.restart(settings);
    return one;
  }

  /** Kills the server if it runs, and starts it on the same data. */
  async restart(settings: Partial<ServerSettings> = {}): Promise<void> {
    await this.#server?.end("SIGKILL");
    this.#connection?.[Symbol.dispose]();
    this.#server = await ServerProcess.start({ dataDir: this.dataDir, ...settings });
    this.#connection = await this.connect();
  }

  get dataDir(): string {
    return this.directory.at("data");
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  connect(): Promise<HttpConnection> {
    return HttpConnection.open(this.port);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#call("POST", path, body);
  }

  get(path: string): Promise<Answer> {
    return this.#call("GET", path, undefined);
  }

  /** Status of what needs no token. */
  async status(path: string): Promise<number> {
    return (await fetch(`${this.url}${path}`)).status;
  }

  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    return this.#server?.end(signal);
  }

  /** Of the server that runs or ran last, once it has ended. */
  async output(): Promise<string> {
    return (await this.#server?.output()) ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection?.[Symbol.dispose]();
    await this.#server?.[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }

  async #call(method: string, path: string, body: unknown): Promise<Answer> {
    if (this.#connection === undefined || this.#connection.closed) this.#connection = await this.connect();
    return this.#connection.request(method, `/v1/codeq${path}`, DEV_TOKEN, body);
  }
}

/** The members of a JSON object. */
export function membersOf(answer: Answer): Readonly<Record<string, unknown>> {
  // Bodies of this server are objects; a test that meets another fails on what it looks for.
  return JSON.parse(answer.text) as Record<string, unknown>;
}

/** A text member, "" when absent. */
export function textOf(answer: Answer, name: string): string {
  const value = membersOf(answer)[name];
  return typeof value === "string" ? value : "";
}

/** The tasks in the answer to a batch claim. */
export function tasksOf(answer: Answer): readonly { readonly id: string; readonly payload: string }[] {
  // As the protocol has it; none when nothing was there.
  return answer.text === "" ? [] : (membersOf(answer)["tasks"] as { id: string; payload: string }[]);
}
