import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runBench, TemporaryDirectory } from "./bench-process-fixture.ts";
import { readResult, resultFromJson, resultToJson } from "./report/json-report.ts";
import type { BenchResult } from "./result.ts";

// Processes start slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);

const LOAD = ["profile-full-cycle", "--concurrency", "1", "--producers", "1", "--duration", "0.3", "--warmup", "0.1"];
const SERVER_FLAGS = "--cache 8MiB";
let directory: TemporaryDirectory;
let result: BenchResult;
const at = (name: string): string => join(directory.path, name);

beforeAll(async () => {
  directory = new TemporaryDirectory();
  const reports = ["--json", at("a.json"), "--html", at("a.html"), "--markdown", at("a.md")];
  const { code, stderr } = await runBench([
    ...LOAD,
    ...reports,
    "--server-flags",
    SERVER_FLAGS,
    "--profile-dir",
    at("profiles"),
  ]);
  if (code !== 0) throw new Error(`the bench failed: ${stderr}`);
  result = await readResult(at("a.json"));
});
afterAll(() => directory[Symbol.dispose]());

/** The result as if it had been so much faster, saved under this name. */
async function faster(name: string, factor: number): Promise<string> {
  const points = result.points.map((point) => {
    const { rate } = point;
    if (rate === undefined) throw new Error("a valid result has rates");
    return { ...point, rate: { ...rate, median: rate.median * factor } };
  });
  await Bun.write(at(name), resultToJson({ ...result, points }));
  return at(name);
}

/** The three URLs of a server, from the line with which it says that it listens. */
async function targetOf(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    text += decoder.decode(chunk, { stream: true });
    const whole = text.split("\n").slice(0, -1);
    const line = whole.find((each) => each.includes('"producerPort"'));
    if (line === undefined) continue;
    // One line of the server's own log.
    const { url, producerPort, workerPort } = JSON.parse(line) as Record<"url" | "producerPort" | "workerPort", string>;
    return `${url},http://127.0.0.1:${producerPort},http://127.0.0.1:${workerPort}`;
  }
  throw new Error(`the server did not listen: ${text}`);
}

describe("a run of the bench", () => {
  test("writes every report it was asked for", async () => {
    expect(result).toMatchObject({ scenario: "profile-full-cycle", verdict: "valid", outcome: "complete" });
    expect(result.parameters.serverFlags).toBe(SERVER_FLAGS);
    expect(await Bun.file(at("a.html")).text()).toContain("VALID");
    expect(await Bun.file(at("a.md")).text()).toContain("### codeq bench profile-full-cycle");
  });

  test("leaves the server's profile of a further run, in files that are not empty", () => {
    const names = readdirSync(at("profiles")).toSorted();
    expect(names).toEqual([
      "flame.html",
      "gc.log",
      "heap.json",
      "loop-delay.json",
      "server.cpuprofile",
      "server.heapsnapshot",
      "top.txt",
    ]);
    for (const name of names.filter((each) => each !== "gc.log")) {
      expect(statSync(join(at("profiles"), name)).size).toBeGreaterThan(100);
    }
  });

  test("on another's server takes no profile, and says why", async () => {
    await using server = Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "../cli.ts"),
        "serve",
        "--port",
        "0",
        "--data-dir",
        at("data"),
        "--log-format",
        "json",
      ],
      { env: { PATH: "/usr/bin:/bin" }, cwd: directory.path, stdin: "ignore", stdout: "pipe", stderr: "ignore" },
    );
    const target = await targetOf(server.stdout);
    const { code, stderr } = await runBench([...LOAD, "--quiet", "--target", target, "--profile-dir", at("none")]);
    expect(code).toBe(0);
    expect(stderr).toContain("no profile: only a server that the bench itself started can be profiled");
    expect(existsSync(at("none"))).toBe(false);
  });

  test("puts JSON alone on standard output if asked", async () => {
    const { code, stdout } = await runBench([...LOAD, "--quiet", "--no-profile", "--json", "-"]);
    expect(code).toBe(0);
    expect(resultFromJson(stdout, "standard output").verdict).toBe("valid");
  });

  test("exits with 11 when its baseline was much faster, and says how to find out why", async () => {
    const baseline = await faster("fast.json", 1000);
    const { code, stdout } = await runBench([
      ...LOAD,
      "--quiet",
      "--no-profile",
      "--server-flags",
      SERVER_FLAGS,
      "--baseline",
      baseline,
    ]);
    expect(code).toBe(11);
    expect(stdout).toMatch(/c=1: −\d+\.\d % against the baseline.*: SLOWER/);
    expect(stdout).toContain("codeq bench profile-full-cycle");
  });

  test("exits with 0 when its baseline was much slower", async () => {
    const baseline = await faster("slow.json", 1 / 1000);
    expect(
      (await runBench([...LOAD, "--quiet", "--no-profile", "--server-flags", SERVER_FLAGS, "--baseline", baseline]))
        .code,
    ).toBe(0);
  });

  test.each([
    ["a report that cannot be written", ["--json", "/nowhere/a.json"], "/nowhere/a.json cannot be written"],
    ["a baseline that is not there", ["--baseline", "/nowhere/a.json"], "/nowhere/a.json cannot be read"],
    ["a flag the server does not have", ["--server-flags", "--cash 1"], "--server-flags: unknown option '--cash'"],
    ["a flag that is its own", ["--server-flags", "--shards 4"], "--shards of the measured server"],
    ["what is no target", ["--target", "http://127.0.0.1:1"], "--target http://127.0.0.1:1 is not three URLs"],
  ])("refuses %s before it measures anything", async (_, flags, message) => {
    const { code, stdout, stderr } = await runBench([...LOAD, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith(`codeq bench: ${message}`);
  });
});

test("bench compare is a command of its own", () => {
  const cli = join(import.meta.dir, "../cli.ts");
  const { exitCode, stdout } = Bun.spawnSync([process.execPath, cli, "bench", "compare", at("a.json"), at("a.json")]);
  expect(exitCode).toBe(0);
  expect(stdout.toString()).toContain("too few runs to tell");
});
