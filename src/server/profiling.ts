import { heapStats } from "bun:jsc";
import { mkdirSync, writeFileSync, writeSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { writeHeapSnapshot } from "node:v8";
import { z } from "zod";
import type { Schedule } from "./duty-loop.ts";
import { LoopDelaySeries } from "./loop-delay-series.ts";

export interface ProfilingOptions {
  readonly monotonicMs: () => number;
  readonly schedule: Schedule;
  /** Everything stands still while a heap is written down: larger ones are not. */
  readonly heapSnapshotBytesMax: number;
  /** To whoever started the server. */
  readonly send: (reply: ProfilingReply) => void;
}

/** What comes over the channel to the parent process. */
const requestSchema = z.discriminatedUnion("profile", [
  z.object({ profile: z.literal("begin"), directory: z.string() }),
  z.object({ profile: z.literal("end") }),
  z.object({ profile: z.literal("heap-snapshot"), directory: z.string() }),
  z.object({ profile: z.literal("count-objects") }),
  z.object({ profile: z.literal("look-at-heap") }),
]);

export type ProfilingReply =
  | { readonly profile: "began" | "ended" | "heap-snapshot-taken" }
  | { readonly profile: "objects-counted"; readonly objects: number; readonly bytes: number }
  | HeapLook
  | { readonly profile: "failed"; readonly reason: string };

/** The heap between two collections. */
interface HeapLook {
  readonly profile: "heap-looked-at";
  /** All that were made since the last collection, and those that it left. */
  readonly objects: number;
  /** Those that it left: another number means another collection. */
  readonly left: number;
}

interface Capture {
  readonly directory: string;
  readonly session: Session;
  readonly delays: LoopDelaySeries;
  readonly heapBefore: unknown;
}

/** One sample per millisecond: a few percent of the server's time, and thousands of samples in a window of seconds. */
const SAMPLING_INTERVAL_MICROS = 1000;
const STDERR = 2;

/**
 * Profiles the server between two messages from the process that started it, and writes into the directory of the
 * first: `server.cpuprofile`, `heap.json` (statistics before and after) and `loop-delay.json`. On a message of its own it
 * writes `server.heapsnapshot`; on others it counts what a full collection leaves on the heap, or what there is at this
 * moment. Standard error carries the lines "profile begins" and "profile ends", so that what the runtime logs there about
 * garbage collection can be cut to the window.
 */
export class Profiling {
  readonly #options: ProfilingOptions;
  #capture: Capture | undefined;

  constructor(options: ProfilingOptions) {
    this.#options = options;
  }

  /** Never throws: what goes wrong is said to the parent. Messages that are none of ours are passed over. */
  async receive(message: unknown): Promise<void> {
    const request = requestSchema.safeParse(message);
    if (!request.success) return;
    try {
      this.#options.send(await this.#answer(request.data));
    } catch (error) {
      this.#options.send({ profile: "failed", reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #answer(request: z.infer<typeof requestSchema>): Promise<ProfilingReply> {
    switch (request.profile) {
      case "begin":
        await this.#begin(request.directory);
        return { profile: "began" };
      case "end":
        await this.#end();
        return { profile: "ended" };
      case "heap-snapshot":
        takeHeapSnapshot(request.directory, this.#options.heapSnapshotBytesMax);
        return { profile: "heap-snapshot-taken" };
      case "count-objects":
        return countObjects();
      case "look-at-heap":
        return lookAtHeap();
    }
  }

  async #begin(directory: string): Promise<void> {
    if (this.#capture !== undefined) throw new Error("a profile is already being taken");
    mkdirSync(directory, { recursive: true });
    const session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_MICROS });
    const heapBefore = heapStats();
    writeSync(STDERR, "profile begins\n");
    await session.post("Profiler.start");
    this.#capture = { directory, session, delays: new LoopDelaySeries(this.#options), heapBefore };
  }

  async #end(): Promise<void> {
    const capture = this.#capture;
    if (capture === undefined) throw new Error("no profile is being taken");
    this.#capture = undefined;
    const { directory, session, delays, heapBefore } = capture;
    delays.stop();
    const { profile } = await session.post("Profiler.stop");
    writeSync(STDERR, "profile ends\n");
    session.disconnect();
    const heapAfter = heapStats();
    writeFileSync(join(directory, "server.cpuprofile"), JSON.stringify(profile));
    writeFileSync(join(directory, "heap.json"), JSON.stringify({ before: heapBefore, after: heapAfter }));
    writeFileSync(join(directory, "loop-delay.json"), JSON.stringify(delays.data()));
  }
}

function countObjects(): ProfilingReply {
  Bun.gc(true);
  const { objectCount, heapSize } = heapStats();
  return { profile: "objects-counted", objects: objectCount, bytes: heapSize };
}

function lookAtHeap(): HeapLook {
  const { objectCount, objectTypeCounts } = heapStats();
  const objects = Object.values(objectTypeCounts).reduce((sum, count) => sum + count, 0);
  return { profile: "heap-looked-at", objects, left: objectCount };
}

function takeHeapSnapshot(directory: string, bytesMax: number): void {
  const { heapSize } = heapStats();
  if (heapSize > bytesMax) {
    throw new Error(`the heap of ${heapSize} bytes is too large for a snapshot (limit ${bytesMax})`);
  }
  writeHeapSnapshot(join(directory, "server.heapsnapshot"));
}
