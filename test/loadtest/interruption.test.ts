import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { TemporaryDirectory } from "../server-process.ts";
import { buildK6First, K6_MISSING } from "./k6-run.ts";
import { QUIET, run, SHORT, start } from "./loadtest-process.ts";

setDefaultTimeout(120_000);
buildK6First();

const REPORT = "k6-01_sustained_throughput.json";

describe.skipIf(K6_MISSING)("codeq loadtest run", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "ends by %s with load and server, and without a verdict",
    async (signal) => {
      using directory = new TemporaryDirectory();
      const child = start(directory.path, ["run", "01", ...QUIET], { ...SHORT, DURATION: "10m" });
      const { url, stderr } = await underLoad(child);
      child.kill(signal);
      const stdout = await new Response(child.stdout).text();
      expect(await child.exited, stderr + stdout).toBe(105);
      expect(stdout).toContain("01_sustained_throughput: NO VERDICT");
      expect(readdirSync(directory.path)).toEqual([REPORT]);
      const report = await Bun.file(directory.at(REPORT)).json();
      expect(report).toMatchObject({ complete: false, passed: false, verdicts: [] });
      expect(await answers(url)).toBe(false);
    },
  );

  test("ends before its last task like that, too", async () => {
    using directory = new TemporaryDirectory();
    const env = { TASKS: "1000000", VUS: "2", DROPPED_PCT_MAX: "100" };
    const child = start(directory.path, ["run", "04", ...QUIET], env);
    await underLoad(child);
    child.kill("SIGINT");
    expect(await new Response(child.stdout).text()).toContain("04_prefill_queue: NO VERDICT");
    expect(await child.exited).toBe(105);
  });

  test("goes on when its terminal closes and it was started to outlive it", async () => {
    using directory = new TemporaryDirectory();
    const child = start(directory.path, ["run", "01", ...QUIET], { ...SHORT, DURATION: "2s" }, ["nohup"]);
    await underLoad(child);
    child.kill("SIGHUP");
    const stdout = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(stdout).toContain("01_sustained_throughput: passed");
  });

  test("ends and removes what a killed run has left behind", async () => {
    using directory = new TemporaryDirectory();
    const child = start(directory.path, ["run", "01", ...QUIET], { ...SHORT, DURATION: "10m" });
    const { url } = await underLoad(child);
    const [left = ""] = readdirSync(directory.path);
    const { children } = JSON.parse(readFileSync(directory.at(`${left}/owners.json`), "utf8")) as Owners;
    const pids = children.map(({ pid }) => pid);
    expect(pids).toHaveLength(2);
    child.kill("SIGKILL");
    await child.exited;
    expect(await answers(url)).toBe(true);

    const next = await run(directory.path, ["run", "04", ...QUIET], { TASKS: "5" });
    expect(next.code).toBe(0);
    expect(next.stderr).toStartWith("codeq: removed what 1 killed run left behind\n");
    expect(readdirSync(directory.path)).toEqual(["k6-04_prefill_queue.json"]);
    expect(await answers(url)).toBe(false);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test("leaves another run alone that goes on beside it", async () => {
    using directory = new TemporaryDirectory();
    const child = start(directory.path, ["run", "01", ...QUIET], { ...SHORT, DURATION: "10m" });
    const { url } = await underLoad(child);
    const next = await run(directory.path, ["run", "04", ...QUIET], { TASKS: "5" });
    expect([next.code, next.stderr]).toEqual([0, expect.not.stringContaining("removed")]);
    expect(await answers(url)).toBe(true);
    child.kill("SIGINT");
    expect(await child.exited).toBe(105);
  });
});

/** As the program writes it down. */
interface Owners {
  readonly children: readonly { readonly pid: number }[];
}

/** Once the load begins. */
async function underLoad(child: ReturnType<typeof start>): Promise<{ readonly url: string; readonly stderr: string }> {
  const reader = child.stderr.getReader();
  const decoder = new TextDecoder();
  let stderr = "";
  while (!stderr.includes("stored before")) {
    const { value, done } = await reader.read();
    if (done) break;
    stderr += decoder.decode(value, { stream: true });
  }
  return { url: /listens on (\S+)/.exec(stderr)?.[1] ?? "", stderr };
}

function answers(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  );
}

/** A process that has ended and that nobody has asked after has no command line. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
  } catch {
    return false;
  }
}
