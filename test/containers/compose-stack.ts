import { createServer } from "node:net";
import { type ContainerTools, mustRun, type Outcome, runTool } from "./container-tools.ts";

const READY_MS_MAX = 90_000;
const POLL_MS = 250;

export type Variables = Readonly<Record<string, string>>;

/** A compose project of its own name, so that it meets no other. Goes away with its volumes. */
export class ComposeStack implements AsyncDisposable {
  readonly #tools: ContainerTools;
  readonly #files: readonly string[];
  readonly #env: Variables;
  readonly #project: string;

  constructor(tools: ContainerTools, files: readonly string[], env: Variables) {
    this.#tools = tools;
    this.#files = files;
    this.#project = `codeq-test-${process.pid}-${Bun.hash(files.join()).toString(36)}`;
    this.#env = { COMPOSE_PROJECT_NAME: this.#project, ...env };
  }

  /** @throws Error with everything it said when it fails */
  async compose(args: readonly string[], env: Variables = {}): Promise<string> {
    return mustRun(this.#command(args), { ...this.#env, ...env });
  }

  /** Whatever comes of it. */
  async try(args: readonly string[], env: Variables = {}): Promise<Outcome> {
    return runTool(this.#command(args), { ...this.#env, ...env });
  }

  /**
   * Runs commands as a document gives them, from a directory, with the tools that are here instead of docker's and on this
   * project instead of the one the file names.
   */
  async shell(commands: string, directory: string, env: Variables = {}): Promise<string> {
    const here = commands
      .replaceAll("docker compose", this.#tools.compose.join(" "))
      .replaceAll(/^( *)docker (?=run )/gm, `$1${this.#tools.engine.join(" ")} `)
      .replaceAll(/\bcodeq_(?=codeq-data:)/g, `${this.#project}_`);
    return mustRun(["bash", "-euc", `cd ${directory}\n${here}`], { ...this.#env, ...env });
  }

  /** The container of a service. */
  async container(service: string): Promise<string> {
    const labels = { project: this.#project, service };
    const filters = Object.entries(labels).map(([name, value]) => `--filter=label=com.docker.compose.${name}=${value}`);
    const [id] = (await this.engine(["ps", "--all", "--quiet", ...filters])).trim().split("\n");
    if (id === undefined || id === "") throw new Error(`${this.#project} has no container of ${service}`);
    return id;
  }

  /** A field of what the engine knows about a service's container. */
  async inspect(service: string, format: string): Promise<string> {
    return (await this.engine(["inspect", "--format", format, await this.container(service)])).trim();
  }

  async engine(args: readonly string[]): Promise<string> {
    return mustRun([...this.#tools.engine, ...args]);
  }

  /** Everything a service's container has written. */
  async logs(service: string): Promise<string> {
    const { stdout, stderr } = await runTool([...this.#tools.engine, "logs", await this.container(service)]);
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.try(["--profile", "obs", "--profile", "loadtest", "down", "--volumes"]);
  }

  #command(args: readonly string[]): readonly string[] {
    return [...this.#tools.compose, ...this.#files.flatMap((file) => ["-f", file]), ...args];
  }
}

/**
 * Asks until it says so.
 * @param what for the message
 * @throws Error when it has not been so for long enough
 */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + READY_MS_MAX;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > endMs) throw new Error(`${what}: not within ${READY_MS_MAX} ms`);
    await Bun.sleep(POLL_MS);
  }
}

/** Ports of the loopback address that nobody uses at the moment. */
export async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once("error", reject).listen(0, "127.0.0.1", resolve);
      await promise;
      const address = server.address();
      return typeof address === "object" && address !== null ? String(address.port) : "";
    }),
  );
  for (const server of servers) server.close();
  return ports;
}
