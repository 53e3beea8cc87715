import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** The most memory a process ever had; undefined where there is no /proc or no such process. */
export function peakRssBytes(pid: number): number | undefined {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** What the files of a directory take on disk. */
export function directoryBytes(path: string): number {
  let bytes = 0;
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    try {
      const { blocks, isFile } = fileAt(join(path, name));
      if (isFile) bytes += blocks * BLOCK_BYTES;
    } catch {
      // Files come and go while one looks.
    }
  }
  return bytes;
}

function fileAt(path: string): { readonly blocks: number; readonly isFile: boolean } {
  const stats = statSync(path);
  return { blocks: stats.blocks, isFile: stats.isFile() };
}

const BLOCK_BYTES = 512;
