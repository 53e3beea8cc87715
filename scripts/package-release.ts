import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBuilt } from "./build.ts";
import { ensureInstalled } from "./install.ts";

/**
 * Packs the binary of this machine's kind as `codeq-<version>-<platform>-<architecture>.tar.gz`, with its checksum
 * beside it in the format of `sha256sum --check`. The binary is tried first: it must say its version.
 * @param directory where to; made if missing
 * @returns the path of the archive
 */
function packageRelease(root: string, directory: string): string {
  const binary = ensureBuilt(root);
  const said = run([binary, "version"], root).trim();
  const [, version] = /^codeq (\S+)/.exec(said) ?? [];
  if (version === undefined) throw new Error(`${binary} version said: ${said}`);
  const name = `codeq-${version}-${process.platform}-${process.arch}`;
  const stage = join(directory, name);
  mkdirSync(stage, { recursive: true });
  for (const path of [binary, "README.md", "CHANGELOG.md", "LICENSE"]) run(["cp", path, stage], root);
  const archive = `${name}.tar.gz`;
  run(["tar", "-czf", archive, name], directory);
  rmSync(stage, { recursive: true });
  const sum = createHash("sha256")
    .update(readFileSync(join(directory, archive)))
    .digest("hex");
  writeFileSync(join(directory, `${archive}.sha256`), `${sum}  ${archive}\n`);
  return join(directory, archive);
}

function run(command: readonly string[], cwd: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed:\n${stderr.toString()}`);
  return stdout.toString();
}

const root = dirname(import.meta.dirname);
ensureInstalled(root);
process.stdout.write(`${packageRelease(root, process.argv[2] ?? join(root, "dist", "release"))}\n`);
