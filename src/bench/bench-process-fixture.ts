import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CLI = join(import.meta.dir, "..", "cli.ts");

/** For tests only: a directory that goes away with the test. */
export class TemporaryDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-bench-test-"));

  get names(): string[] {
    return readdirSync(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface BenchEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How `codeq` is started in a test. */
export interface Executable {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const SOURCES: Executable = { command: [process.execPath, CLI], env: { PATH: "/usr/bin:/bin" } };

/** For tests only: `codeq bench` as a real process, with data directories of its own. */
export class BenchProcess implements AsyncDisposable {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly end: Promise<BenchEnd>;
  #stderr = "";
  #onOutput: () => void = () => undefined;

  constructor(args: readonly string[], dataDir: string, { command, env }: Executable = SOURCES) {
    this.process = Bun.spawn([...command, "bench", ...args, "--data-dir", dataDir], {
      cwd: dataDir,
      env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.end = this.#run();
  }

  /** Resolves once standard error says this. */
  async says(text: string): Promise<void> {
    while (!this.#stderr.includes(text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onOutput = resolve;
      const ended = await Promise.race([promise.then(() => false), this.end.then(() => true)]);
      if (ended && !this.#stderr.includes(text)) throw new Error(`it never said "${text}": ${this.#stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }

  async #run(): Promise<BenchEnd> {
    const stdout = new Response(this.process.stdout).text();
    const decoder = new TextDecoder();
    for await (const chunk of this.process.stderr) {
      this.#stderr += decoder.decode(chunk, { stream: true });
      this.#onOutput();
    }
    return { code: await this.process.exited, stdout: await stdout, stderr: this.#stderr };
  }
}

export async function runBench(args: readonly string[], executable: Executable = SOURCES): Promise<BenchEnd> {
  using dir = new TemporaryDirectory();
  await using bench = new BenchProcess(args, dir.path, executable);
  return await bench.end;
}
