import { expect, test } from "bun:test";
import { SLOTS, slotOf } from "../histogram.ts";
import { LiveCounts } from "./live-counts.ts";

test("each count is one of its own, seen by whoever shares the memory", () => {
  const buffer = new SharedArrayBuffer(LiveCounts.bytes);
  const [thread, main] = [new LiveCounts(buffer), new LiveCounts(buffer)];
  const names = [
    ...(["createsSent", "createsAnswered", "created", "delivered"] as const),
    ...(["resultsSent", "resultsAnswered", "resultsAcked", "skippedArrivals"] as const),
  ];
  for (const [index, name] of names.entries()) thread.add(name, index + 1);
  thread.add("created", 10);
  expect(names.map((name) => main.get(name))).toEqual([1, 2, 13, 4, 5, 6, 7, 8]);
});

test("latencies are counted in the slots of a histogram, and added to what is there", () => {
  const counts = new LiveCounts(new SharedArrayBuffer(LiveCounts.bytes));
  for (const us of [-5, 0.4, 1500, 1500]) counts.latency(us);
  const latencies = new Float64Array(SLOTS);
  latencies[0] = 10;
  counts.addLatencies(latencies);
  expect([latencies[0], latencies[slotOf(1500)]]).toEqual([12, 2]);
  expect(latencies.reduce((sum, count) => sum + count, 0)).toBe(14);
});
