import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBuilt } from "../../scripts/build.ts";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { buildK6First, K6_MISSING, k6Path } from "./k6-run.ts";

setDefaultTimeout(120_000);
buildK6First();

const ROOT = dirname(dirname(import.meta.dir));
const BINARY = ensureBuilt(ROOT);
const SHORT = { RATE: "20", DURATION: "1s", WORKER_VUS: "3", CLAIM_P99_MS: "60000", DROPPED_PCT_MAX: "100" };
const QUIET = ["--", "--quiet", "--address", ""];

/** `codeq loadtest` with a directory for whatever it leaves behind. */
function start(directory: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return Bun.spawn([BINARY, "loadtest", ...args], {
    cwd: directory,
    env: { PATH: `${dirname(k6Path())}:/usr/bin:/bin`, TMPDIR: directory, K6_NO_USAGE_REPORT: "true", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(directory: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = start(directory, args, env);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

test("list names the six scenarios and their variables", async () => {
  using directory = new TemporaryDirectory();
  const { stdout, code } = await run(directory.path, ["list"]);
  expect(code).toBe(0);
  for (const word of ["01  01_sustained_throughput.js", "06  06_delayed_tasks.js", "MIN_DELAY_SECONDS=1"]) {
    expect(stdout).toContain(word);
  }
});

test("without k6 it says how to get one", async () => {
  using directory = new TemporaryDirectory();
  const { stderr, code } = await run(directory.path, ["run", "01"], { PATH: directory.path });
  expect(code).toBe(1);
  expect(stderr).toContain("go install go.k6.io/k6@v");
});

test("a scenario that does not exist is a wrong argument", async () => {
  using directory = new TemporaryDirectory();
  const { stderr, code } = await run(directory.path, ["run", "07"]);
  expect(code).toBe(2);
  expect(stderr).toBe(
    "codeq: command-argument value '07' is invalid for argument 'scenario'. Must be one of 01, 02, 03, 04, 05, 06.\n",
  );
});

test("export writes the scripts of the repository, all of them, and spares what somebody changed", async () => {
  using directory = new TemporaryDirectory();
  expect((await run(directory.path, ["export", "k6"])).code).toBe(0);
  const source = join(ROOT, "loadtest", "k6");
  const files = [...new Bun.Glob("**/*.js").scanSync({ cwd: source })].toSorted((a, b) => (a < b ? -1 : 1));
  const written = [...new Bun.Glob("**/*").scanSync({ cwd: directory.at("k6") })];
  expect(written.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(files);
  for (const file of files) {
    expect(await Bun.file(directory.at(`k6/${file}`)).text()).toBe(await Bun.file(join(source, file)).text());
  }

  await Bun.write(directory.at("k6/lib/run.js"), "// mine");
  const refused = await run(directory.path, ["export", "k6"]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("k6/lib/run.js")]);
  expect(await Bun.file(directory.at("k6/lib/run.js")).text()).toBe("// mine");
  expect((await run(directory.path, ["export", "k6", "--force"])).code).toBe(0);
  expect(await Bun.file(directory.at("k6/lib/run.js")).text()).not.toBe("// mine");
});

describe.skipIf(K6_MISSING)("run", () => {
  test("starts a server, passes the variables on and leaves nothing but the report", async () => {
    using directory = new TemporaryDirectory();
    const env = { ...SHORT, CODEQ_COMMANDS: "MINE" };
    const { stdout, stderr, code } = await run(directory.path, ["run", "01", ...QUIET], env);
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain("command=MINE");
    expect(readdirSync(directory.path)).toEqual(["k6-01_sustained_throughput.json"]);
  });

  test("uses the server it is told to, and passes the exit code on", async () => {
    using directory = new TemporaryDirectory();
    await using server = await ServerProcess.start({ dataDir: directory.at("data") });
    const args = ["run", "04_prefill_queue", "--target", server.url, ...QUIET];
    expect((await run(directory.path, args, { TASKS: "30", VUS: "3" })).code).toBe(0);
    const headers = { authorization: "Bearer dev-token" };
    const stats = await fetch(`${server.url}/v1/codeq/admin/queues/GENERATE_MASTER`, { headers });
    expect(await stats.json()).toMatchObject({ ready: 30 });
    expect((await run(directory.path, args, { TASKS: "30", CODEQ_PRODUCER_TOKEN: "wrong" })).code).toBe(107);
  });

  test("interrupted, the load stops, is judged, and the server goes", async () => {
    using directory = new TemporaryDirectory();
    const child = start(directory.path, ["run", "01", ...QUIET], { ...SHORT, DURATION: "10m" });
    const reader = child.stderr.getReader();
    const decoder = new TextDecoder();
    let stderr = "";
    while (!stderr.includes("stored before")) {
      const { value, done } = await reader.read();
      if (done) break;
      stderr += decoder.decode(value, { stream: true });
    }
    child.kill("SIGINT");
    const stdout = await new Response(child.stdout).text();
    expect(await child.exited, stderr + stdout).toBe(105);
    expect(stdout).toContain("01_sustained_throughput:");
    expect(existsSync(directory.at("k6-01_sustained_throughput.json"))).toBe(true);
    expect(readdirSync(directory.path)).toHaveLength(1);
    const url = /listens on (\S+)/.exec(stderr)?.[1] ?? "";
    const answered = await fetch(`${url}/healthz`).then(
      () => true,
      () => false,
    );
    expect(answered).toBe(false);
  });
});
