import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CLI = join(import.meta.dir, "..", "cli.ts");

/** Test-only: a directory that goes away with the test. */
export class TemporaryDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-test-"));

  at(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Test-only: `codeq` as a real process. Killed, if need be, when it goes out of scope. */
export class CodeqProcess implements AsyncDisposable {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #lines: string[] = [];
  readonly #stdout: Promise<void>;
  readonly #stderr: Promise<string>;
  #onLine: () => void = () => undefined;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.process = Bun.spawn([process.execPath, CLI, ...args], {
      cwd: tmpdir(),
      // Nothing of the caller's own configuration may reach the server.
      env: { PATH: "/usr/bin:/bin", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#stdout = this.#read();
    this.#stderr = new Response(this.process.stderr).text();
  }

  /** The first line of standard output that matches, if need be once it has come. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.#lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.#onLine = () => resolve(true);
      if (!(await Promise.race([promise, this.#stdout.then(() => false)]))) {
        if (this.#lines.some((line) => pattern.test(line))) continue;
        throw new Error(`no line ${pattern}; stdout: ${this.#lines.join("\n")} stderr: ${await this.#stderr}`);
      }
    }
  }

  /** Exit code and everything that was written. */
  async end(): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const [code, , stderr] = await Promise.all([this.process.exited, this.#stdout, this.#stderr]);
    return { code, stdout: this.#lines.join("\n"), stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.end();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.process.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      this.#lines.push(...parts);
      this.#onLine();
    }
    if (rest !== "") this.#lines.push(rest);
  }
}

/** What a server says of itself when it listens. */
export interface Listening {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly durability: string;
  readonly shards: number;
}

/** Test-only: `codeq serve` on a free port. */
export function serveProcess(
  dataDir: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): CodeqProcess {
  return new CodeqProcess(["serve", "--port", "0", "--log-format", "json", "--data-dir", dataDir, ...args], env);
}

export async function listening(server: CodeqProcess): Promise<Listening> {
  // The fields are those of `startFields`.
  return JSON.parse(await server.line(/"msg":"listening"/)) as Listening;
}
