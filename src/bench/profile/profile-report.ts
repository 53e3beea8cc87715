import { join } from "node:path";
import { z } from "zod";
import { Histogram } from "../histogram.ts";
import { bytes, figure, milliseconds } from "../report/figures.ts";
import { type Garbage, readGarbage } from "../target/gc-log.ts";
import type { TimedLine } from "../target/server-child.ts";
import { type CpuProfile, readCpuProfile } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { hotFunctionsText } from "./hot-functions.ts";

const FUNCTIONS_SHOWN = 20;
const TYPES_SHOWN = 8;

/**
 * Makes what the server left in a directory readable: `top.txt`, `flame.html`, and `gc.log`, the part of its standard
 * error that belongs to the window.
 * @param title what was measured
 * @returns the files for people, most telling first
 * @throws Error when the server's files are not there or not as expected
 */
export async function writeProfileReport(
  directory: string,
  title: string,
  stderr: readonly TimedLine[],
): Promise<string[]> {
  const read = async (name: string): Promise<unknown> => await Bun.file(join(directory, name)).json();
  const profile = readCpuProfile(await read("server.cpuprofile"));
  const heap = heapSchema.parse(await read("heap.json"));
  const delays = delaysSchema.parse(await read("loop-delay.json"));
  const log = withinWindow(stderr);
  const garbage = readGarbage(log, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const files = {
    "top.txt": profileText({ title, profile, heap, delays, garbage }),
    "flame.html": flameGraph(profile, `${title}: where the server's time goes`),
    "gc.log": log.map(({ line }) => `${line}\n`).join(""),
  };
  for (const [name, text] of Object.entries(files)) await Bun.write(join(directory, name), text);
  return Object.keys(files).map((name) => join(directory, name));
}

const heapStatsSchema = z.object({
  heapSize: z.number(),
  objectCount: z.number(),
  objectTypeCounts: z.record(z.string(), z.number()),
});
const heapSchema = z.object({ before: heapStatsSchema, after: heapStatsSchema });
const delaysSchema = z.object({ intervalMs: z.number(), delayMs: z.array(z.number()) });

/** What there is to say about a window. */
interface ProfileFacts {
  readonly title: string;
  readonly profile: CpuProfile;
  readonly heap: z.infer<typeof heapSchema>;
  readonly delays: z.infer<typeof delaysSchema>;
  readonly garbage: Garbage;
}

/** For people, in plain text. */
function profileText({ title, profile, heap, delays, garbage }: ProfileFacts): string {
  const seconds = profile.durationMs / 1000;
  const pausedShare = (100 * garbage.pauseMs) / Math.max(1, profile.durationMs);
  return `${[
    `${title}: the server in a window of ${seconds.toFixed(1)} s`,
    "",
    `CPU: ${figure(profile.samples)} samples, about one for each millisecond in which its main thread ran code`,
    ...hotFunctionsText(profile, FUNCTIONS_SHOWN),
    "",
    `Garbage collection: ${figure(garbage.cycles)} cycles, ${milliseconds(garbage.pauseMs)} paused in all ` +
      `(${pausedShare.toFixed(1)} % of the time), ${milliseconds(garbage.pauseMsMax)} at most, ` +
      `${garbage.allocatedBytes === undefined ? "unknown" : bytes(garbage.allocatedBytes)} allocated`,
    delaysLine(delays),
    `Heap: ${bytes(heap.before.heapSize)} in ${figure(heap.before.objectCount)} objects before, ` +
      `${bytes(heap.after.heapSize)} in ${figure(heap.after.objectCount)} after`,
    ...grownTypes(heap),
  ].join("\n")}\n`;
}

function delaysLine({ intervalMs, delayMs }: ProfileFacts["delays"]): string {
  const micros = new Histogram();
  for (const delay of delayMs) micros.record(delay * 1000);
  const at = (share: number): string => milliseconds(micros.quantile(share) / 1000);
  return `Event-loop delay: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} (${figure(micros.total)} looks, one every ${intervalMs} ms)`;
}

/** The kinds of objects there are more of than before. */
function grownTypes({ before, after }: ProfileFacts["heap"]): string[] {
  return Object.entries(after.objectTypeCounts)
    .map(([type, count]) => ({ type, count, more: count - (before.objectTypeCounts[type] ?? 0) }))
    .filter(({ more }) => more > 0)
    .sort((a, b) => b.more - a.more)
    .slice(0, TYPES_SHOWN)
    .map(({ type, count, more }) => `  ${type}: ${figure(count)}, ${figure(more)} more than before`);
}

/** What was written while the profile was taken, as the server marked it. */
function withinWindow(stderr: readonly TimedLine[]): TimedLine[] {
  const begin = stderr.findLastIndex(({ line }) => line === "profile begins");
  const end = stderr.findLastIndex(({ line }) => line === "profile ends");
  return stderr.slice(begin + 1, end > begin ? end : stderr.length);
}
