import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BenchProcess, runBench, TemporaryDirectory } from "./bench-process-fixture.ts";
import { QueueDouble } from "./double/queue-double.ts";
import { readResult } from "./report/json-report.ts";
import type { BenchResult, Measures } from "./result.ts";

test("a server that stands still for 2 s of 10 shows in the p99 of an open model", async () => {
  using dir = new TemporaryDirectory();
  const file = join(dir.path, "result.json");
  // A rate that the server keeps up with however busy the machine is: the latency is that of the stop alone.
  const load = ["http-cycle", "--rate", "100", "--duration", "10", "--warmup", "2"];
  await using bench = new BenchProcess([...load, "--json", file], dir.path);
  await bench.says("measuring");
  const server = serverPid(dir);
  // Standing still is a matter of real time.
  await Bun.sleep(2000);
  process.kill(server, "SIGSTOP");
  await Bun.sleep(2000);
  process.kill(server, "SIGCONT");
  expect((await bench.end).code).toBe(0);
  const { createAck, endToEnd } = measuresIn(await readResult(file)).latencies;
  for (const latency of [createAck, endToEnd]) {
    expect(latency?.p99Ms).toBeGreaterThan(1700);
    expect(latency?.p99Ms).toBeLessThan(3000);
    // Four in five were meant to start while the server ran.
    expect(latency?.p50Ms).toBeLessThan(1000);
  }
}, 60_000);

test("a generator that stands still is called generator-limited, whatever the server did", async () => {
  using dir = new TemporaryDirectory();
  const file = join(dir.path, "result.json");
  await using double = await QueueDouble.start(undefined);
  const load = ["profile-full-cycle", "--rate", "500", "--duration", "3", "--warmup", "0.3", "--target", double.target];
  await using bench = new BenchProcess([...load, "--json", file], dir.path);
  await bench.says("measuring");
  bench.process.kill("SIGSTOP");
  await Bun.sleep(1000);
  bench.process.kill("SIGCONT");
  const { stdout } = await bench.end;
  const { generator, notes } = measuresIn(await readResult(file));
  expect(generator.limited).toBe(true);
  expect(generator.lag?.maxMs).toBeGreaterThan(800);
  expect(notes.map(({ kind }) => kind)).toContain("generator-limited");
  expect(stdout).toContain("generator-limited");
}, 60_000);

test("workers that find the queue empty are no worker ceiling", async () => {
  const flags = ["--concurrency", "4", "--prefill", "20", "--duration", "2", "--warmup", "0", "--quiet"];
  const { code, stdout } = await runBench(["saturation-worker", ...flags]);
  expect(stdout).toContain("the queue ran empty");
  expect(code).toBe(0);
}, 60_000);

test("Ctrl-C reports what was measured, exits 130 and leaves nothing behind", async () => {
  using dir = new TemporaryDirectory();
  const load = ["saturation-producer", "--concurrency", "1,2,4", "--duration", "1", "--warmup", "0.1"];
  await using bench = new BenchProcess(load, dir.path);
  await bench.says("(2 of 3)");
  const server = serverPid(dir);
  bench.process.kill("SIGINT");
  const { code, stdout } = await bench.end;
  expect(stdout).toContain("PARTIAL");
  expect(stdout.match(/created=/g)).toHaveLength(1);
  expect(code).toBe(130);
  expect(dir.names).toEqual([]);
  expect(isAlive(server)).toBe(false);
}, 60_000);

test("what a killed run leaves behind is removed by the next one", async () => {
  using dir = new TemporaryDirectory();
  let server: number;
  {
    await using killed = new BenchProcess(["saturation-producer", "--concurrency", "1", "--duration", "30"], dir.path);
    await killed.says("measuring");
    server = serverPid(dir);
  }
  expect(dir.names).toHaveLength(1);
  await using next = new BenchProcess(
    ["saturation-producer", "--concurrency", "1", "--duration", "0.1", "--warmup", "0"],
    dir.path,
  );
  const { stderr } = await next.end;
  expect(stderr).toContain("removed what 1 killed run left behind");
  expect(isAlive(server)).toBe(false);
  expect(dir.names).toEqual([]);
}, 60_000);

test("a server that dies ends the run with 14 and its last words", async () => {
  using dir = new TemporaryDirectory();
  await using bench = new BenchProcess(["saturation-producer", "--concurrency", "1", "--duration", "30"], dir.path);
  await bench.says("measuring");
  process.kill(serverPid(dir), "SIGKILL");
  const { code, stdout } = await bench.end;
  expect(stdout).toContain("the server ended with code 137");
  expect(code).toBe(14);
  expect(dir.names).toEqual([]);
}, 60_000);

/** As the bench wrote down for whoever clears up after it. */
function serverPid(dir: TemporaryDirectory): number {
  const home = dir.names.find((name) => name.startsWith("codeq-bench-")) ?? "";
  // Written by the run under test.
  const owners = JSON.parse(readFileSync(join(dir.path, home, "owners.json"), "utf8")) as { server: { pid: number } };
  return owners.server.pid;
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

function measuresIn({ points }: BenchResult): Measures {
  const measures = points[0]?.runs[0]?.measures;
  if (measures === undefined) throw new Error("nothing was measured");
  return measures;
}
