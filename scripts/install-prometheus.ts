import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Prometheus {
  readonly prometheus: string;
  readonly promtool: string;
}

/** The package of Debian and Ubuntu that holds both programs. */
const PACKAGE = "prometheus";
const STEP_MS_MAX = 180_000;

/** Prometheus as it is on PATH or as `installPrometheus` left it; undefined when there is none. */
function findPrometheus(): Prometheus | undefined {
  const [prometheus, promtool] = ["prometheus", "promtool"].map((name) => Bun.which(name));
  if (typeof prometheus === "string" && typeof promtool === "string") return { prometheus, promtool };
  const unpacked = programsIn(home());
  return existsSync(unpacked.promtool) ? unpacked : undefined;
}

/**
 * Unpacks the distribution's package outside of the checkout, so that all checkouts share it. Installs nothing in the
 * system and starts no service. Does nothing when Prometheus is there.
 * @throws Error with what apt said when it cannot be had
 */
function installPrometheus(): Prometheus {
  const found = findPrometheus();
  if (found !== undefined) return found;
  mkdirSync(join(home(), ".."), { recursive: true });
  const workshop = mkdtempSync(`${home()}-`);
  try {
    try {
      download(workshop);
    } catch (error) {
      throw new Error(`Prometheus is not on PATH, and the package ${PACKAGE} cannot be had: ${String(error)}`, {
        cause: error,
      });
    }
    const file = readdirSync(workshop).find((name) => name.endsWith(".deb"));
    if (file === undefined) throw new Error(`apt-get download ${PACKAGE} left no package`);
    run(["dpkg-deb", "-x", file, "unpacked"], workshop);
    try {
      renameSync(join(workshop, "unpacked"), home());
    } catch (error) {
      // Another process was faster, and its copy is as good as ours.
      if (findPrometheus() === undefined) throw error;
    }
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  return programsIn(home());
}

/** Installs it where nobody would read that tests were skipped; elsewhere that is for the user to decide. */
export function prometheusForTests(): Prometheus | undefined {
  return process.env["CODEQ_SKIPPING"] === "refused" ? installPrometheus() : findPrometheus();
}

/** The lists of packages may be old or missing; bringing them up to date takes root, and is worth a try. */
function download(directory: string): void {
  try {
    run(["apt-get", "download", PACKAGE], directory);
  } catch {
    const isRoot = process.getuid?.() === 0;
    run([...(isRoot ? [] : ["sudo", "-n"]), "apt-get", "update"], directory);
    run(["apt-get", "download", PACKAGE], directory);
  }
}

function run(command: readonly string[], cwd: string): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd, stdin: "ignore", timeout: STEP_MS_MAX });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed:\n${stdout.toString()}${stderr.toString()}`);
}

function programsIn(directory: string): Prometheus {
  return { prometheus: join(directory, "usr/bin/prometheus"), promtool: join(directory, "usr/bin/promtool") };
}

function home(): string {
  const given = process.env["XDG_CACHE_HOME"];
  const cache = given === undefined || given === "" ? join(homedir(), ".cache") : given;
  return join(cache, "codeq", PACKAGE);
}

if (import.meta.main) {
  try {
    process.stdout.write(`${installPrometheus().prometheus}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
