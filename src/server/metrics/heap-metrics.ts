import type { Family } from "./family.ts";
import { single } from "./process-metrics.ts";

/** The memory that the garbage collector looks after. */
export function heapFamilies(): Family[] {
  const collections = countCollections();
  return [
    single("codeq_heap_used_bytes", "Memory of objects in use or not collected yet", "gauge", () => {
      return process.memoryUsage().heapUsed;
    }),
    single("codeq_heap_size_bytes", "Memory set aside for objects", "gauge", () => process.memoryUsage().heapTotal),
    single(
      "codeq_gc_collections_total",
      "Garbage collections noticed; short ones may go unseen",
      "counter",
      collections,
    ),
  ];
}

/** The runtime reports no collections, but it does tell when an object is gone: each one takes the next object along. */
function countCollections(): () => number {
  let collections = 0;
  const registry = new FinalizationRegistry(() => {
    collections += 1;
    registry.register({}, undefined);
  });
  registry.register({}, undefined);
  return () => collections;
}
