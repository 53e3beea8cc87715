import { HttpConnection } from "./http-connection.ts";
import { ServerProcess, type ServerSettings } from "./server-process.ts";

/** Tokens of two tenants. Workers have names of their own, so that a lease tells whose it is. */
const CAST = {
  acme: { producer: "acme-producer", workers: ["acme-w1", "acme-w2", "acme-w3"], commands: ["A", "B"] },
  umbra: { producer: "umbra-producer", workers: ["umbra-w1"], commands: ["C"] },
} as const;

export type Tenant = keyof typeof CAST;
export const TENANTS = ["acme", "umbra"] as const satisfies readonly Tenant[];

export function producerToken(tenant: Tenant): string {
  return CAST[tenant].producer;
}

export function workerTokens(tenant: Tenant): readonly string[] {
  return CAST[tenant].workers;
}

/** No two tenants share a command, so that sums over all tenants can be checked lane by lane. */
export function commandsOf(tenant: Tenant): readonly [string, ...string[]] {
  return CAST[tenant].commands;
}

const WORKER_SCOPES = ["claim", "heartbeat", "abandon", "nack", "result"].map((scope) => `codeq:${scope}`);

/** A worker's token is its name. */
function authEnv(): Readonly<Record<string, string>> {
  const producers = TENANTS.map((tid) => ({
    type: "static",
    config: { token: CAST[tid].producer, subject: CAST[tid].producer, raw: { tid, role: "ADMIN" } },
  }));
  const workers = TENANTS.flatMap((tid) =>
    CAST[tid].workers.map((token) => ({
      type: "static",
      config: { token, subject: token, scopes: WORKER_SCOPES, eventTypes: ["*"], raw: { tid } },
    })),
  );
  return {
    PRODUCER_AUTH_PROVIDER: "multi",
    PRODUCER_AUTH_CONFIG: JSON.stringify({ providers: producers }),
    WORKER_AUTH_PROVIDER: "multi",
    WORKER_AUTH_CONFIG: JSON.stringify({ providers: workers }),
  };
}

/** A server that dies and comes back on the same data, each time on another port. */
export class Rig implements AsyncDisposable {
  readonly #dataDir: string;
  #server: ServerProcess | undefined;
  #up = Promise.withResolvers<number>();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async start(flags: readonly string[], settings: Partial<ServerSettings> = {}): Promise<ServerProcess> {
    this.#server = await ServerProcess.start({ dataDir: this.#dataDir, flags, env: authEnv(), ...settings });
    this.#up.resolve(this.#server.port);
    return this.#server;
  }

  /** Sends the signal and waits for the end of the process. */
  async stop(signal: NodeJS.Signals): Promise<number> {
    const server = this.#server;
    if (server === undefined) throw new Error("no server runs");
    // From here on clients wait for the next one instead of knocking on a closed door.
    this.#up = Promise.withResolvers<number>();
    return server.end(signal);
  }

  /** A signal that does not end the process. */
  signal(signal: NodeJS.Signals): void {
    this.#server?.process.kill(signal);
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  /** Once a server runs. */
  async connect(): Promise<HttpConnection> {
    for (;;) {
      const port = await this.#up.promise;
      try {
        return await HttpConnection.open(port);
      } catch {
        // It died between the two lines; its exit is noticed in the next turn of the loop.
        await new Promise(setImmediate);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}
