import { describe, expect, test } from "bun:test";
import type { BenchIo } from "./bench-io.ts";
import { LiveLine } from "./live-line.ts";

const SOME = { perSecond: 12_345.6, p99Ms: 1.25, depth: 1_000_000, leftMs: 5250 };

/** What a live line writes to standard error. */
function written(isTerminal: boolean) {
  const shown: string[] = [];
  const print = (text: string): void => {
    throw new Error(`standard output is for the report: ${text}`);
  };
  const io: BenchIo = {
    env: {},
    errorIsTerminal: isTerminal,
    print,
    warn: (text) => shown.push(text),
    setExitCode: () => undefined,
  };
  const line = new LiveLine(io, isTerminal);
  line.begin("c=32 (3 of 8)", "tasks/s");
  return { line, shown };
}

test("a line tells the run, its phase, rate, p99, depth and the time left", () => {
  const { line, shown } = written(false);
  line.phase("measuring");
  line.progress(SOME);
  const text = shown.at(-1) ?? "";
  for (const part of ["c=32 (3 of 8)", "measuring", "12,346 tasks/s", "p99 1.3 ms", "depth 1,000,000", "5.3 s left"]) {
    expect(text).toContain(part);
  }
});

test("without a latency there is no p99", () => {
  const { line, shown } = written(false);
  line.phase("measuring");
  line.progress({ ...SOME, p99Ms: undefined });
  expect(shown.at(-1)).not.toContain("p99");
});

describe("elsewhere than on a terminal", () => {
  test("plain lines come now and then, the first of a phase at once", () => {
    const { line, shown } = written(false);
    for (const phase of ["warming up", "measuring"] as const) {
      line.phase(phase);
      for (let look = 0; look < 5; look += 1) line.progress(SOME);
    }
    expect(shown.filter((text) => text.includes("left"))).toHaveLength(2);
    expect(shown.join("")).not.toContain("\u001B");
    for (const text of shown) expect(text).toEndWith("\n");
  });

  test("nothing is taken away", () => {
    const { line, shown } = written(false);
    line.clear();
    expect(shown.join("")).toBe("");
  });
});

describe("on a terminal", () => {
  test("one line is written over and over", () => {
    const { line, shown } = written(true);
    line.phase("measuring");
    for (let look = 0; look < 5; look += 1) line.progress(SOME);
    expect(shown).toHaveLength(6);
    expect(shown.join("")).not.toContain("\n");
    for (const text of shown) expect(text).toStartWith("\r\u001B[2K");
  });

  test("and taken away in the end", () => {
    const { line, shown } = written(true);
    line.progress(SOME);
    line.clear();
    expect(shown.at(-1)).toBe("\r\u001B[2K");
  });
});
