import { expect, test } from "bun:test";
import { readGarbage } from "./gc-log.ts";
import type { TimedLine } from "./server-child.ts";

/** What JavaScriptCore logs of one collection that stops the program once for each of the pauses. */
function collection(atMs: number, fromKib: number, pausesMs: readonly number[], toKib: number): TimedLine[] {
  const pauses = pausesMs.map((ms, index) => {
    const head = index === 0 ? `START M ${fromKib}kb => EdenCollection, ` : "M ";
    const last = index === pausesMs.length - 1;
    const end = last ? ` => ${toKib}kb, p=${ms}ms (max 55.5), cycle 77.7ms END]` : ` p=${ms}ms (max 55.5)...]`;
    return `[GC<0x519d41b8118>: ${head}a=157kb hf=0.048 v=4049kb (C:4049 M:0) o=1 b=0 0+2${end}`;
  });
  return ["Requesting GC because bytes allocated exceed", ...pauses, "GC END!"].map((line) => ({ line, atMs }));
}

const lines: readonly TimedLine[] = [
  ...collection(500, 50, [99], 100),
  ...collection(1000, 5000, [4, 0.5], 600),
  { atMs: 1200, line: '{"level":"warn","msg":"p=77ms"}' },
  ...collection(1999, 600 + 999, [1.5], 1100),
  { atMs: 2000, line: "[GC<0x519d41b8118>: M a=1kb p=99ms (max 99.9)...]" },
  ...collection(2500, 1100 + 501, [99], 9000),
];

test("collections of the window count, its start included and its end not", () => {
  expect(readGarbage(lines, 1000, 2000)).toMatchObject({ cycles: 2, pauseMs: 6, pauseMsMax: 4 });
});

test("what was allocated is what the heap grew by between collections, by the part that lies in the window", () => {
  // 999 KiB in 999 ms, and of 501 KiB in 501 ms what falls to the last one.
  expect(readGarbage(lines, 1000, 2000).allocatedBytes).toBe(1000 * 1024);
});

test("what lies before the first collection is taken to be like the rest", () => {
  expect(readGarbage(lines.slice(6), 0, 2000).allocatedBytes).toBe(2000 * 1024);
});

test("a server that logs none has none, and nothing is known of what it allocated", () => {
  const nothing = { cycles: 0, pauseMs: 0, pauseMsMax: 0, allocatedBytes: undefined };
  expect(readGarbage([{ atMs: 1500, line: "listening" }], 1000, 2000)).toEqual(nothing);
  expect(readGarbage(collection(1500, 900, [1], 100), 1000, 2000).allocatedBytes).toBeUndefined();
});

test("without a window all that was logged counts", () => {
  const { allocatedBytes } = readGarbage(lines, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  expect(allocatedBytes).toBe((4900 + 999 + 501) * 1024);
});
