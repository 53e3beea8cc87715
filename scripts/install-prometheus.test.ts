import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A machine with programs of our own making, and none of Prometheus. */
class Machine implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "codeq-prometheus-test-"));

  constructor(programs: Readonly<Record<string, string>>) {
    mkdirSync(join(this.path, "bin"));
    for (const name of ["mkdir", "touch", "rm"]) symlinkSync(`/bin/${name}`, join(this.path, "bin", name));
    for (const [name, script] of Object.entries(programs)) {
      const path = join(this.path, "bin", name);
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
    }
  }

  run(env: Readonly<Record<string, string>>, source: string) {
    const command = source === "" ? [process.execPath, SCRIPT] : [process.execPath, "--eval", source];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
      env: { PATH: join(this.path, "bin"), HOME: this.path, XDG_CACHE_HOME: join(this.path, "cache"), ...env },
    });
    return { code: exitCode, stdout: stdout.toString().trim(), stderr: stderr.toString() };
  }

  get kept(): readonly string[] {
    return readdirSync(join(this.path, "cache", "codeq"));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const SCRIPT = join(import.meta.dir, "install-prometheus.ts");
const FOR_TESTS = `const { prometheusForTests } = await import(${JSON.stringify(SCRIPT)}); console.log(prometheusForTests())`;
const UNPACK = 'mkdir -p "$3/usr/bin"; touch "$3/usr/bin/prometheus" "$3/usr/bin/promtool"';

test("a package is unpacked once, and nothing else is left", () => {
  using machine = new Machine({ "apt-get": "touch prometheus_1_amd64.deb", "dpkg-deb": UNPACK });
  const path = join(machine.path, "cache/codeq/prometheus/usr/bin/prometheus");
  expect(machine.run({}, "")).toMatchObject({ code: 0, stdout: path });
  rmSync(join(machine.path, "bin/apt-get"));
  expect(machine.run({}, "")).toMatchObject({ code: 0, stdout: path });
  expect(machine.kept).toEqual(["prometheus"]);
});

test("lists of packages that are missing are fetched first", () => {
  const apt =
    'if [ "$1" = update ]; then touch "$HOME/updated"; else [ -e "$HOME/updated" ] && touch prometheus_1.deb; fi';
  using machine = new Machine({ "apt-get": apt, "dpkg-deb": UNPACK, sudo: 'shift; exec "$@"' });
  expect(machine.run({}, "")).toMatchObject({ code: 0 });
});

test("what cannot be had is told in one line, and leaves nothing behind", () => {
  using machine = new Machine({ "apt-get": "echo no such package >&2; exit 100" });
  const { code, stderr } = machine.run({}, "");
  expect(code).toBe(1);
  expect(stderr).toContain("Prometheus is not on PATH");
  expect(stderr).toContain("no such package");
  expect(machine.kept).toEqual([]);
});

test("tests go without it only where that is allowed", () => {
  using machine = new Machine({});
  expect(machine.run({ CODEQ_SKIPPING: "allowed" }, FOR_TESTS)).toMatchObject({ code: 0, stdout: "undefined" });
  expect(machine.run({ CODEQ_SKIPPING: "refused" }, FOR_TESTS).code).not.toBe(0);
});
