import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureInstalled } from "./install.ts";

/**
 * Makes `dist/client` from `src/client`: JavaScript and declarations of `codeq/client` for Node 20 and newer. (Bun takes
 * the sources as they are.) The compiler also holds the sources to what such a Node has.
 * @throws Error with what the compiler says
 */
export function buildClient(root: string): void {
  rmSync(join(root, "dist", "client"), { recursive: true, force: true });
  const { exitCode, stdout } = Bun.spawnSync(
    [join(root, "node_modules/.bin/tsc"), "--project", "tsconfig.client.json"],
    {
      cwd: root,
      stdin: "ignore",
    },
  );
  if (exitCode !== 0) throw new Error(`tsc failed:\n${stdout.toString()}`);
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  ensureInstalled(root);
  buildClient(root);
}
