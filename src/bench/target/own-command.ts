import { join } from "node:path";

/** The command that starts `codeq` as this very process was started: the same executable, or the same sources. */
export function ownCommand(): readonly string[] {
  return isCompiled() ? [process.execPath] : [process.execPath, join(import.meta.dir, "..", "..", "cli.ts")];
}

/** Files inside of a compiled executable have paths of their own. */
export function isCompiled(): boolean {
  return import.meta.path.startsWith("/$bunfs/");
}
