import type { Endpoints } from "../load/load-plan.ts";
import { ServerProfile } from "../profile/server-profile.ts";
import { DataDir } from "../target/data-dir.ts";
import { ServerChild, type ServerChildOptions, type TimedLine } from "../target/server-child.ts";
import { ServerView } from "../target/server-view.ts";
import type { RunSettings, TargetPorts } from "./run-settings.ts";

/** The server of one run. */
export interface BenchServer extends AsyncDisposable {
  readonly endpoints: Endpoints;
  readonly view: ServerView;
  readonly command: string;
  /** Undefined when it is somebody else's. */
  readonly own: OwnServer | undefined;
  /** Rejects when it ends too soon; never resolves. */
  readonly death: Promise<never>;
}

/** @throws Error when there is none to be had */
export async function openServer(settings: RunSettings): Promise<BenchServer> {
  return settings.target === undefined ? await OwnServer.start(settings) : new TargetServer(settings, settings.target);
}

/** A fresh server of our own on fresh data. */
export class OwnServer implements BenchServer {
  readonly command = COMMAND;
  readonly dataPath: string;
  /** Undefined when neither a profile nor its heap is wanted. */
  readonly profile: ServerProfile | undefined;
  readonly #token: string;
  readonly #options: ServerChildOptions;
  readonly #dir: DataDir;
  readonly #death = Promise.withResolvers<never>();
  #child: ServerChild;
  #endpoints: Endpoints | undefined;
  /** How long the last start took, from the birth of the process to its ports being open. */
  startMs = 0;
  restarted = false;

  static async start(settings: RunSettings): Promise<OwnServer> {
    const server = new OwnServer(settings);
    try {
      await server.#listen();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(settings: RunSettings) {
    const { parameters, dataPlace, serverFlags: flags, watchesGarbage, token, profileDir } = settings;
    const { shards = 1, durability } = parameters;
    this.#token = token;
    this.#dir = new DataDir(dataPlace);
    this.dataPath = this.#dir.path;
    this.profile = profileDir === undefined && !watchesGarbage ? undefined : new ServerProfile(profileDir);
    this.#options = { dataDir: this.dataPath, shards, durability, flags, profile: this.profile };
    this.#death.promise.catch(() => undefined);
    this.#child = this.#spawn();
  }

  get own(): OwnServer {
    return this;
  }

  get endpoints(): Endpoints {
    if (this.#endpoints === undefined) throw new Error("the server does not listen yet");
    return this.#endpoints;
  }

  get view(): ServerView {
    return new ServerView({ httpUrl: this.endpoints.httpUrl, token: this.#token, command: this.command });
  }

  get death(): Promise<never> {
    return this.#death.promise;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get errorLines(): readonly TimedLine[] {
    return this.#child.errorLines;
  }

  /** Ends the server in peace and starts it again on the same data. */
  async restart(): Promise<void> {
    await this.#child.stop(STOP_MS_MAX);
    this.#child = this.#spawn();
    this.restarted = true;
    await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    this.#dir[Symbol.dispose]();
  }

  #spawn(): ServerChild {
    const child = new ServerChild(this.#options);
    child.death.catch((error: unknown) => this.#death.reject(error));
    this.#dir.ownedBy(child.pid);
    return child;
  }

  async #listen(): Promise<void> {
    const bornMs = performance.now();
    this.#endpoints = await this.#child.listening();
    this.startMs = performance.now() - bornMs;
  }
}

/** A server that runs anyway; we work in a lane of our own, so that others' tasks are not counted for us. */
class TargetServer implements BenchServer {
  readonly command = `CODEQ_BENCH_${crypto.randomUUID().slice(0, 8)}`;
  readonly own = undefined;
  readonly endpoints: Endpoints;
  readonly view: ServerView;
  readonly death = new Promise<never>(() => undefined);

  constructor({ token }: RunSettings, endpoints: TargetPorts) {
    this.endpoints = endpoints;
    this.view = new ServerView({ httpUrl: endpoints.httpUrl, token, command: this.command });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const COMMAND = "GENERATE_MASTER";
const STOP_MS_MAX = 30_000;
