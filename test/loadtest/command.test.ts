import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { buildK6First, K6_MISSING } from "./k6-run.ts";
import { QUIET, run, SHORT } from "./loadtest-process.ts";

setDefaultTimeout(120_000);
buildK6First();

const ROOT = dirname(dirname(import.meta.dir));

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

test.each(["", " ", "nonsense", "localhost:8080", "ftp://localhost", "http://", "http://localhost/?x=1"])(
  "a target that is no URL of a server is a wrong argument: %p",
  async (target) => {
    using directory = new TemporaryDirectory();
    const { stderr, code } = await run(directory.path, ["run", "01", "--target", target]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `codeq: option '--target <url>' argument '${target}' is invalid. Must be the URL of a server, such as https://queue.example.org.\n`,
    );
  },
);

test.each([
  ["a file", "f", 1, "codeq: the scripts cannot be written into f: "],
  ["a place where nothing can be made", "/proc/x", 1, "codeq: the scripts cannot be written into /proc/x: ENOENT"],
  ["nothing", "", 2, "codeq: command-argument value '' is invalid for argument 'directory'. Must be the path"],
])("export into %s says so in one line", async (_, where, expected, message) => {
  using directory = new TemporaryDirectory();
  await Bun.write(directory.at("f"), "mine");
  const { stdout, stderr, code } = await run(directory.path, ["export", where]);
  expect({ code, stdout, lines: stderr.trim().split("\n") }).toEqual({
    code: expected,
    stdout: "",
    lines: [expect.stringContaining(message)],
  });
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

  test("starts a server also where something else has the ports of the streams", async () => {
    using directory = new TemporaryDirectory();
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const port = String(taken.port);
    const env = { TASKS: "5", CODEQ_WORKER_PORT: port, CODEQ_PRODUCER_PORT: port, CODEQ_GRPC_PORT: port };
    const { stderr, code } = await run(directory.path, ["run", "04", ...QUIET], env);
    expect(code, stderr).toBe(0);
  });

  test("says in a line when its server does not start", async () => {
    using directory = new TemporaryDirectory();
    const { stderr, code } = await run(directory.path, ["run", "04", ...QUIET], { CODEQ_SHARDS: "many" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^codeq: .*many.*\ncodeq: the server of this run's own did not start\n$/);
    expect(readdirSync(directory.path)).toEqual([]);
  });

  test("writes its report where it is told to, and does not begin when it could not", async () => {
    using directory = new TemporaryDirectory();
    const args = ["run", "04", ...QUIET];
    for (const SUMMARY_DIR of ["reports", directory.at("reports"), "/dev/null"]) {
      const refused = await run(directory.path, args, { TASKS: "5", SUMMARY_DIR });
      expect([refused.code, refused.stdout]).toEqual([2, ""]);
      expect(refused.stderr).toMatch(/^codeq: the report cannot be written.*\n$/);
    }
    mkdirSync(directory.at("reports"));
    for (const SUMMARY_DIR of ["reports", directory.at("reports/")]) {
      expect((await run(directory.path, args, { TASKS: "5", SUMMARY_DIR })).code).toBe(0);
      expect(readdirSync(directory.at("reports"))).toEqual(["k6-04_prefill_queue.json"]);
      rmSync(directory.at("reports/k6-04_prefill_queue.json"));
    }
  });

  test("uses the server it is told to, and passes the exit code on", async () => {
    using directory = new TemporaryDirectory();
    await using server = await ServerProcess.start({ dataDir: directory.at("data") });
    const args = ["run", "04_prefill_queue", "--target", server.url, ...QUIET];
    // What the scripts would use by themselves is not asked.
    const env = { TASKS: "30", VUS: "3", CODEQ_BASE_URL: "http://127.0.0.1:1" };
    expect((await run(directory.path, args, env)).code).toBe(0);
    const headers = { authorization: "Bearer dev-token" };
    const stats = await fetch(`${server.url}/v1/codeq/admin/queues/GENERATE_MASTER`, { headers });
    expect(await stats.json()).toMatchObject({ ready: 30 });
    expect((await run(directory.path, args, { TASKS: "30", CODEQ_PRODUCER_TOKEN: "wrong" })).code).toBe(107);
  });
});
