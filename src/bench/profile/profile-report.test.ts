import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMALL } from "./profile-fixture.ts";
import { writeProfileReport } from "./profile-report.ts";

const heapStats = (heapSize: number, strings: number) => ({
  heapSize,
  objectCount: strings + 10,
  objectTypeCounts: { string: strings, Map: 10 },
});

let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "codeq-profile-"));
  const write = async (name: string, value: unknown): Promise<unknown> =>
    await Bun.write(join(directory, name), JSON.stringify(value));
  await write("server.cpuprofile", SMALL);
  await write("heap.json", { before: heapStats(2 ** 20, 1000), after: heapStats(3 * 2 ** 20, 5000) });
  await write("loop-delay.json", { intervalMs: 10, atMs: [10, 20, 30, 40], delayMs: [0.5, 0.5, 0.5, 80] });
});
afterEach(() => rmSync(directory, { recursive: true }));

const cycle = (ms: number): string =>
  `[GC<0x1>: START M 9526kb => EdenCollection => 7199kb, p=${ms}ms (max 9), cycle 2ms END]`;
const stderr = ["before", cycle(100), "profile begins", cycle(2.5), cycle(0.5), "profile ends", cycle(100), "after"];
const lines = stderr.map((line) => ({ line, atMs: 0 }));
const read = async (name: string): Promise<string> => await Bun.file(join(directory, name)).text();

describe("the report of a profile", () => {
  test("names its files, the most telling first", async () => {
    const names = ["top.txt", "flame.html", "gc.log"];
    expect(await writeProfileReport(directory, "full cycle", lines)).toEqual(
      names.map((name) => join(directory, name)),
    );
  });

  test("tells where time went, what collections and the event loop were like, and what filled the heap", async () => {
    await writeProfileReport(directory, "full cycle", lines);
    const text = await read("top.txt");
    expect(text).toStartWith("full cycle: the server in a window of 0.0 s\n");
    expect(text).toContain("40.0 %  40.0 %  commit");
    expect(text).toContain("Garbage collection: 2 cycles, 3.00 ms paused in all (25.0 % of the time), 2.50 ms at most");
    expect(text).toMatch(/Event-loop delay: p50 5\d\d µs, p99 80\.0 ms, max 80\.0 ms \(4 looks, one every 10 ms\)/);
    expect(text).toContain("Heap: 1.00 MiB in 1,010 objects before, 3.00 MiB in 5,010 after");
    expect(text).toContain("  string: 5,000, 4,000 more than before");
    expect(text).not.toContain("Map:");
  });

  test("has of the log what belongs to the window alone", async () => {
    await writeProfileReport(directory, "full cycle", lines);
    expect(await read("gc.log")).toBe(`${cycle(2.5)}\n${cycle(0.5)}\n`);
  });

  test("is refused for files that are not a profile", async () => {
    await Bun.write(join(directory, "server.cpuprofile"), "{}");
    expect(writeProfileReport(directory, "full cycle", lines)).rejects.toThrow();
  });
});
