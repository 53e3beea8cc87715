import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A small project in a directory of its own that these scripts start and test, as they do with this one. */
export class TriedProject implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-tried-"));
  /** As under npx, on a machine that has no other bun and where nothing was installed yet. */
  readonly environment = { PATH: `${this.path}/bin:/usr/bin:/bin`, HOME: process.env["HOME"] ?? "/" };

  constructor(files: Readonly<Record<string, string>>) {
    cpSync(import.meta.dirname, join(this.path, "scripts"), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts"),
    });
    mkdirSync(join(this.path, "bin"));
    symlinkSync(process.execPath, join(this.path, "bin/bun"));
    this.write("bunfig.toml", "[run]\nsilent = true\n");
    this.write("tsconfig.json", "{}");
    this.write("dependency/package.json", '{ "name": "dependency", "version": "1.0.0" }');
    const manifest = {
      name: "tried",
      version: "9.8.7",
      scripts: { start: "bun --no-orphans scripts/start.ts", test: "bun scripts/test.ts" },
      dependencies: { dependency: "file:./dependency" },
    };
    this.write("package.json", JSON.stringify(manifest));
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    const { exitCode } = Bun.spawnSync([process.execPath, "install", "--lockfile-only"], { cwd: this.path });
    if (exitCode !== 0) throw new Error("the tried project has no lockfile");
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), text);
  }

  /** `bun run` with these arguments, to its end. */
  run(...args: readonly string[]): { readonly exitCode: number; readonly stdout: string; readonly stderr: string } {
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, "run", ...args], {
      cwd: this.path,
      env: this.environment,
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
