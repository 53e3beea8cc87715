import { expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

setDefaultTimeout(60_000);

/** A machine with a go of our own making, or with none. */
class Machine implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-k6-test-"));

  constructor(go: string | undefined) {
    mkdirSync(join(this.path, "bin"));
    if (go === undefined) return;
    writeFileSync(join(this.path, "bin/go"), `#!/bin/sh\necho "$@" >> ${this.path}/calls\n${go}\n`);
    chmodSync(join(this.path, "bin/go"), 0o755);
  }

  get calls(): string {
    return existsSync(join(this.path, "calls")) ? readFileSync(join(this.path, "calls"), "utf8") : "";
  }

  /** What lies where k6 is kept. */
  get kept(): readonly string[] {
    return readdirSync(join(this.path, "cache/codeq"));
  }

  async install(): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "install-k6.ts")], {
      // The shell and its friends are found, a go of this machine is not.
      env: { PATH: `${this.path}/bin:/usr/bin:/bin`, XDG_CACHE_HOME: `${this.path}/cache`, HOME: this.path },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { code: await child.exited, stdout, stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const BUILDS = 'mkdir -p "$GOBIN" && sleep 0.2 && echo k6 > "$GOBIN/k6"';

test("k6 is built from its module, pinned, and once, however many ask", async () => {
  using machine = new Machine(BUILDS);
  const runs = await Promise.all([machine.install(), machine.install(), machine.install()]);
  expect(runs.map(({ code, stdout }) => [code, existsSync(stdout.trim())])).toEqual([
    [0, true],
    [0, true],
    [0, true],
  ]);
  expect(machine.calls).toMatch(/^install go\.k6\.io\/k6@v\d+\.\d+\.\d+\n$/);
  expect((await machine.install()).stderr).toBe("");
  expect(machine.kept).toHaveLength(1);
});

test("a build that fails says why and is tried again", async () => {
  using machine = new Machine('echo "no network" >&2; exit 1');
  for (const attempt of [1, 2]) {
    const { code, stderr } = await machine.install();
    expect([attempt, code]).toEqual([attempt, 1]);
    expect(stderr).toContain("no network");
  }
  expect(machine.calls.trim().split("\n")).toHaveLength(2);
  expect(machine.kept).toEqual([]);
});

test.skipIf(existsSync("/usr/bin/go"))("without go it says what it needs", async () => {
  using machine = new Machine(undefined);
  const { code, stderr } = await machine.install();
  expect(code).toBe(1);
  expect(stderr).toContain("there is no go on PATH");
});
