import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SCRIPT_FILES } from "./scenarios.ts";

/**
 * Writes the k6 scripts into a directory, which is made if need be.
 * @param overwrite whether files that somebody changed may be replaced
 * @returns the paths of files that are in the way; then nothing is written
 */
export function writeScripts(directory: string, overwrite: boolean): readonly string[] {
  const files = Object.entries(SCRIPT_FILES).map(([name, text]) => ({ path: join(directory, name), text }));
  const changed = files.filter(({ path, text }) => existsSync(path) && readFileSync(path, "utf8") !== text);
  if (changed.length > 0 && !overwrite) return changed.map(({ path }) => path);
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return [];
}
