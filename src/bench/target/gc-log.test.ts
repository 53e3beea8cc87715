import { expect, test } from "bun:test";
import { readGarbage } from "./gc-log.ts";
import type { TimedLine } from "./server-child.ts";

/** What JavaScriptCore logs of one collection that stops the program once for each of the pauses. */
function collection(atMs: number, allocated: number, pausesMs: readonly number[], heapKib: number): TimedLine[] {
  const pauses = pausesMs.map((ms, index) => {
    const head = index === 0 ? "START M 8838kb => EdenCollection, " : "M ";
    const last = index === pausesMs.length - 1;
    const end = last ? ` => ${heapKib}kb, p=${ms}ms (max 55.5), cycle 77.7ms END]` : ` p=${ms}ms (max 55.5)...]`;
    return `[GC<0x519d41b8118>: ${head}a=157kb hf=0.048 v=4049kb (C:4049 M:0) o=1 b=0 0+2${end}`;
  });
  const request = `Requesting GC because bytes allocated this cycle: ${allocated} exceed bytes allowed: 8388608`;
  return [request, ...pauses, "GC END!"].map((line) => ({ line, atMs }));
}

const lines = [
  ...collection(500, 9999, [99], 100),
  ...collection(1000, 1000, [4, 0.5], 2000),
  { atMs: 1200, line: '{"level":"warn","msg":"p=77ms is a word of the server"}' },
  ...collection(1999, 500, [1.5], 2500),
  ...collection(2000, 9999, [99], 9000),
];

test("only collections of the window count, its start included and its end not", () => {
  expect(readGarbage(lines, 1000, 2000)).toEqual({
    cycles: 2,
    pauseMs: 6,
    pauseMsMax: 4,
    allocatedBytes: 1500,
    heapGrowthBytes: 500 * 1024,
  });
});

test("a server that logs none has none", () => {
  const nothing = { cycles: 0, pauseMs: 0, pauseMsMax: 0, allocatedBytes: 0, heapGrowthBytes: 0 };
  expect(readGarbage([{ atMs: 1500, line: "listening" }], 1000, 2000)).toEqual(nothing);
});
