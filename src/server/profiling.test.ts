import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HandSchedule } from "./hand-schedule.ts";
import { TemporaryDirectory } from "./process-fixture.ts";
import { Profiling, type ProfilingReply } from "./profiling.ts";

// Processes start slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = new TemporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());

/** `codeq serve` with a channel to this process. */
class Served implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #replies: unknown[] = [];
  #onReply: () => void = () => undefined;

  constructor(env: Readonly<Record<string, string>>) {
    const command = [process.execPath, join(import.meta.dir, "../cli.ts"), "serve", "--log-format", "json"];
    const flags = ["--port", "0", "--worker-port", "0", "--producer-port", "0", "--data-dir", directory.at("data")];
    this.#child = Bun.spawn([...command, ...flags], {
      cwd: directory.path,
      env: { PATH: "/usr/bin:/bin", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      ipc: (message: unknown) => {
        this.#replies.push(message);
        this.#onReply();
      },
    });
  }

  async url(): Promise<string> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      text += decoder.decode(chunk);
      const url = /"url":"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) return url;
    }
    throw new Error(`the server did not listen: ${text}`);
  }

  async ask(message: unknown): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onReply = resolve;
    this.#child.send(message);
    await promise;
    return this.#replies.at(-1);
  }

  /** Everything on standard error, once the server was told to stop. */
  async stop(): Promise<string> {
    this.#child.kill("SIGTERM");
    const text = await new Response(this.#child.stderr).text();
    await this.#child.exited;
    return text;
  }

  get replies(): readonly unknown[] {
    return this.#replies;
  }

  say(message: unknown): void {
    this.#child.send(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

describe("a server asked for profiles", () => {
  test("takes them between two messages and nothing before or after", async () => {
    await using server = new Served({ CODEQ_PROFILING: "ipc", BUN_JSC_logGC: "1" });
    const url = await server.url();
    const begin = { profile: "begin", directory: directory.at("profiles") };
    expect(await server.ask({ profile: "end" })).toEqual({ profile: "failed", reason: "no profile is being taken" });
    expect(await server.ask(begin)).toEqual({ profile: "began" });
    expect(await server.ask(begin)).toEqual({ profile: "failed", reason: "a profile is already being taken" });
    const request = async (): Promise<string> => await (await fetch(`${url}/v1/codeq/admin/queues`)).text();
    for (let round = 0; round < 50; round += 1) await Promise.all(Array.from({ length: 20 }, request));
    expect(await server.ask({ profile: "end" })).toEqual({ profile: "ended" });
    const snapshot = { profile: "heap-snapshot", directory: begin.directory };
    expect(await server.ask(snapshot)).toEqual({ profile: "heap-snapshot-taken" });

    expect(readdirSync(begin.directory).toSorted()).toEqual([
      "heap.json",
      "loop-delay.json",
      "server.cpuprofile",
      "server.heapsnapshot",
    ]);
    const profile = await Bun.file(join(begin.directory, "server.cpuprofile")).text();
    expect(Object.keys(JSON.parse(profile) as object /* written from one */)).toEqual([
      "nodes",
      "startTime",
      "endTime",
      "samples",
      "timeDeltas",
    ]);
    expect(profile).toContain("src/server/http/");
    const heap: unknown = await Bun.file(join(begin.directory, "heap.json")).json();
    expect(heap).toMatchObject({ before: { heapSize: expect.any(Number) }, after: { heapSize: expect.any(Number) } });
    expect(await server.stop()).toMatch(/profile begins\n[^]*profile ends\n/);
  });

  test("tells how many objects there are, so that between two collections one sees how many were made", async () => {
    await using server = new Served({ CODEQ_PROFILING: "ipc" });
    const url = await server.url();
    const look = z.object({ profile: z.literal("heap-looked-at"), objects: z.number(), left: z.number() });
    const made: number[] = [];
    for (let tries = 0; made.length === 0 && tries < 50; tries += 1) {
      const before = look.parse(await server.ask({ profile: "look-at-heap" }));
      await (await fetch(`${url}/v1/codeq/admin/queues`)).text();
      const after = look.parse(await server.ask({ profile: "look-at-heap" }));
      if (after.left === before.left) made.push(after.objects - before.objects);
    }
    expect(made).toEqual([expect.any(Number)]);
    // A request is more than a few, and no heap full.
    expect(made[0]).toBeGreaterThan(20);
    expect(made[0]).toBeLessThan(20_000);
  });

  test("says why when it cannot", async () => {
    await using server = new Served({ CODEQ_PROFILING: "ipc" });
    await server.url();
    const reply = await server.ask({ profile: "begin", directory: "/dev/null/profiles" });
    expect(reply).toMatchObject({ profile: "failed", reason: expect.stringContaining("/dev/null/profiles") });
  });
});

test("a heap that is too large is not written down", async () => {
  const hand = new HandSchedule();
  const replies: ProfilingReply[] = [];
  const send = (reply: ProfilingReply): void => void replies.push(reply);
  const { schedule } = hand;
  const profiling = new Profiling({ monotonicMs: () => hand.now, schedule, heapSnapshotBytesMax: 1000, send });
  await profiling.receive({ profile: "heap-snapshot", directory: directory.path });
  expect(replies[0]).toMatchObject({ profile: "failed", reason: expect.stringMatching(/too large .* \(limit 1000\)/) });
  expect(readdirSync(directory.path)).toEqual([]);
});

test("messages that are no request for a profile are passed over", async () => {
  const hand = new HandSchedule();
  const replies: ProfilingReply[] = [];
  const send = (reply: ProfilingReply): void => void replies.push(reply);
  const { schedule } = hand;
  const profiling = new Profiling({ monotonicMs: () => hand.now, schedule, heapSnapshotBytesMax: 1000, send });
  for (const message of [undefined, "begin", { profile: "begins" }, { profile: "begin" }])
    await profiling.receive(message);
  expect(replies).toEqual([]);
});

test("a server that was not asked for profiles takes none, whatever its parent says", async () => {
  await using server = new Served({});
  await server.url();
  server.say({ profile: "begin", directory: directory.at("profiles") });
  await server.stop();
  expect(server.replies).toEqual([]);
});
