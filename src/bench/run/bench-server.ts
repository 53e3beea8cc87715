import type { Endpoints } from "../load/load-plan.ts";
import { DataDir } from "../target/data-dir.ts";
import { ServerChild } from "../target/server-child.ts";
import { ServerView } from "../target/server-view.ts";
import type { RunSettings } from "./run-settings.ts";

/** The server of one run: a fresh one of our own, or one that somebody else runs. */
export interface BenchServer extends AsyncDisposable {
  readonly endpoints: Endpoints;
  readonly view: ServerView;
  readonly command: string;
  /** It has served nobody else. */
  readonly fresh: boolean;
  /** Rejects when it ends too soon; never resolves. */
  readonly death: Promise<never>;
  /** Undefined when it is not ours to look at. */
  readonly pid: number | undefined;
  readonly dataPath: string | undefined;
  readonly errorLines: readonly string[];
}

/** @throws Error when there is none to be had */
export async function openServer(settings: RunSettings): Promise<BenchServer> {
  return settings.target === undefined ? await startServer(settings) : targetServer(settings, settings.target);
}

async function startServer(settings: RunSettings): Promise<BenchServer> {
  const { parameters, dataPlace, serverFlags: flags, serverEnv: env, token } = settings;
  const { shards, durability } = parameters;
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(new DataDir(dataPlace));
  const child = stack.use(new ServerChild({ dataDir: dir.path, shards, durability, flags, env }));
  dir.ownedBy(child.pid);
  const endpoints = await child.listening();
  const owned = stack.move();
  return {
    endpoints,
    view: new ServerView({ httpUrl: endpoints.httpUrl, token, command: COMMAND }),
    command: COMMAND,
    fresh: true,
    death: child.death,
    pid: child.pid,
    dataPath: dir.path,
    get errorLines() {
      return child.errorLines;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function targetServer({ token }: RunSettings, endpoints: Endpoints): BenchServer {
  // A lane of our own: what others do on this server does not touch what is counted for it.
  const command = `CODEQ_BENCH_${crypto.randomUUID().slice(0, 8)}`;
  return {
    endpoints,
    view: new ServerView({ httpUrl: endpoints.httpUrl, token, command }),
    command,
    fresh: false,
    death: new Promise<never>(() => undefined),
    pid: undefined,
    dataPath: undefined,
    errorLines: [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const COMMAND = "GENERATE_MASTER";
