import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What images are built and run with. */
export interface ContainerTools {
  /** docker or podman, or whatever speaks their language. */
  readonly engine: readonly string[];
  readonly compose: readonly string[];
  /** For `build`, where the network of a build needs to be told something. */
  readonly buildFlags: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** With them a build reaches what this machine reaches, also through a proxy with a certificate of its own. */
const CERTIFICATES = "/etc/ssl/certs";
const PODMAN_BUILD_FLAGS = ["--network", "host", "-v", `${CERTIFICATES}:${CERTIFICATES}:ro`];

/**
 * From `CODEQ_CONTAINER_ENGINE`, `CODEQ_COMPOSE` and `CODEQ_CONTAINER_BUILD_FLAGS`, words between spaces; else docker if
 * its daemon answers, else podman, with the compose that belongs to them: podman-compose may be on PATH or in a virtual
 * environment of `$XDG_CACHE_HOME/codeq-containers/venv`.
 * @throws Error saying what is missing
 */
export function containerTools(env: Environment): ContainerTools {
  const engine =
    words(env["CODEQ_CONTAINER_ENGINE"]) ?? [["docker"], ["podman"]].find((one) => works([...one, "info"]));
  if (engine === undefined) throw new Error("neither docker nor podman works here; set CODEQ_CONTAINER_ENGINE");
  const isPodman = engine.at(-1) === "podman";
  const own = join(cacheHome(env), "codeq-containers/venv/bin/podman-compose");
  // `podman compose` only hands on to whatever compose it finds, which may be one for a docker that is not there.
  const found = isPodman ? [["podman-compose"], [own], [...engine, "compose"]] : [[...engine, "compose"]];
  const composes = [words(env["CODEQ_COMPOSE"]), ...found];
  const compose = composes.find((one) => one !== undefined && works([...one, "version"]));
  if (compose === undefined) throw new Error(`no compose works with ${engine.join(" ")}; set CODEQ_COMPOSE`);
  const usual = isPodman && existsSync(CERTIFICATES) ? PODMAN_BUILD_FLAGS : [];
  return { engine, compose, buildFlags: words(env["CODEQ_CONTAINER_BUILD_FLAGS"]) ?? usual };
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; its variables are added to those that are there. */
export async function runTool(command: readonly string[], env: Environment = {}): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** @throws Error with everything it said when it fails */
export async function mustRun(command: readonly string[], env: Environment = {}): Promise<string> {
  const { code, stdout, stderr } = await runTool(command, env);
  if (code !== 0) throw new Error(`${command.join(" ")} exited with ${code}\n${stdout}${stderr}`);
  return stdout;
}

function works(command: readonly string[]): boolean {
  try {
    return Bun.spawnSync([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    return false; // there is no such program
  }
}

function cacheHome(env: Environment): string {
  const given = env["XDG_CACHE_HOME"];
  return given === undefined || given === "" ? join(homedir(), ".cache") : given;
}

function words(text: string | undefined): readonly string[] | undefined {
  const found = (text ?? "").split(" ").filter((word) => word !== "");
  return found.length === 0 ? undefined : found;
}
