import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { arch, cpus, release, type as systemName, totalmem } from "node:os";
import { join } from "node:path";
import { buildInfo } from "../build-info.ts";
import { median } from "./median.ts";
import type { Build, Machine } from "./result.ts";
import { isCompiled } from "./target/own-command.ts";

/**
 * What decides how fast it can be, besides the program.
 * @param dataPlace where data directories are made; undefined when they are somebody else's
 */
export function machineFingerprint(dataPlace: string | undefined): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${systemName()} ${release()}`,
    architecture: arch(),
    fileSystem: dataPlace === undefined ? undefined : fileSystemOf(dataPlace),
    fsyncMs: dataPlace === undefined ? undefined : measureFsync(dataPlace),
  };
}

/** What is measured. @param server what a server that is not ours says it is */
export async function buildFingerprint(
  server: { readonly version: string; readonly commit: string } = buildInfo,
): Promise<Build> {
  return {
    version: buildInfo.version,
    commit: buildInfo.commit,
    bun: Bun.version,
    sqlite: sqliteVersion(),
    binarySha256: isCompiled() ? await sha256Of(process.execPath) : undefined,
    serverVersion: server.version,
    serverCommit: server.commit,
  };
}

/** The type of the mount that holds a path; undefined where there is no /proc. */
function fileSystemOf(path: string): string | undefined {
  let mounts: string;
  try {
    mounts = readFileSync("/proc/self/mounts", "utf8");
  } catch {
    return undefined;
  }
  let best = { point: "", type: undefined as string | undefined };
  for (const line of mounts.split("\n")) {
    const [, point = "", type] = line.split(" ");
    const holds = point === "/" || path === point || path.startsWith(`${point}/`);
    if (holds && point.length >= best.point.length) best = { point, type };
  }
  return best.type;
}

/** The median time of making 4 KiB durable. */
function measureFsync(place: string): number | undefined {
  const home = mkdtempSync(join(place, "codeq-fsync-"));
  try {
    const file = openSync(join(home, "probe"), "w");
    const block = Buffer.alloc(4096, 1);
    const times = Array.from({ length: FSYNCS }, () => {
      const startedMs = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - startedMs;
    });
    closeSync(file);
    return median(times);
  } catch {
    return undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function sqliteVersion(): string {
  using database = new Database(":memory:");
  return database.query<{ version: string }, []>("SELECT sqlite_version() AS version").get()?.version ?? "unknown";
}

async function sha256Of(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hash.update(chunk);
  return hash.digest("hex");
}

const FSYNCS = 15;
