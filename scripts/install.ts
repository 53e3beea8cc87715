import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Installs the locked dependencies unless `node_modules` already holds exactly them. */
export function ensureInstalled(root: string): void {
  const stamp = join(root, "node_modules", ".codeq-lock");
  const hash = createHash("sha256");
  for (const path of ["package.json", "bun.lock"]) hash.update(readFileSync(join(root, path)));
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

  process.stderr.write("installing dependencies\n");
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdin: "ignore",
  });
  if (exitCode !== 0)
    throw new Error(`bun install --frozen-lockfile failed:\n${stdout.toString()}${stderr.toString()}`);
  writeFileSync(stamp, wanted);
}
