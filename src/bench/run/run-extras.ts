import type { HeapCount } from "../profile/server-profile.ts";
import type { Extra } from "../result.ts";
import { readGarbage } from "../target/gc-log.ts";
import type { BenchServer, OwnServer } from "./bench-server.ts";
import type { PointPlan } from "./point-plan.ts";
import type { LoadOutcome } from "./run-load.ts";

/** What only some scenarios measure. @param count tasks of the point's unit within the window */
export function extrasOf(plan: PointPlan, load: LoadOutcome, { own }: BenchServer, count: number): readonly Extra[] {
  return [
    ...(own === undefined ? [] : garbageExtras(load, own, count)),
    ...(plan.restarts === true && own !== undefined ? [{ name: "start", value: own.startMs, unit: "ms" }] : []),
    ...answerExtras(load),
  ];
}

/** None unless the server logs its collections. */
function garbageExtras(
  { originMs, fromUs, toUs, heap, objectsMade }: LoadOutcome,
  own: OwnServer,
  count: number,
): Extra[] {
  const garbage = readGarbage(own.errorLines, originMs + fromUs / 1000, originMs + toUs / 1000);
  if (garbage.cycles === 0 || count === 0) return [];
  return [
    ...(garbage.allocatedBytes === undefined
      ? []
      : [{ name: "allocated", value: garbage.allocatedBytes / count, unit: "B/task" }]),
    ...(objectsMade === undefined ? [] : [{ name: "objects", value: objectsMade, unit: "objects/task" }]),
    { name: "gc_cycles", value: garbage.cycles, unit: "" },
    { name: "gc_pause_ms", value: garbage.pauseMs, unit: "ms" },
    { name: "gc_pause_ms_max", value: garbage.pauseMsMax, unit: "ms" },
    ...(heap === undefined ? [] : heapExtras(heap, count)),
  ];
}

/** What stayed of the objects. */
function heapExtras([before, after]: readonly [HeapCount, HeapCount], count: number): Extra[] {
  return [
    { name: "objects_kept", value: (after.objects - before.objects) / count, unit: "objects/task" },
    { name: "heap_growth", value: (after.bytes - before.bytes) / 1024, unit: "KiB" },
  ];
}

/** Of the whole run, by request and HTTP status; none over streams. */
function answerExtras({ reports }: LoadOutcome): Extra[] {
  const totals = new Map<string, number>();
  for (const { answers } of reports) {
    for (const [name, count] of answers) totals.set(name, (totals.get(name) ?? 0) + count);
  }
  return [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ({ name, value, unit: "answers" }));
}
