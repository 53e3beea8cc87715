import { expect, test } from "bun:test";
import { closeSync, fsyncSync, mkdirSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { TemporaryDirectory } from "../bench-process-fixture.ts";
import { directoryBytes, peakRssBytes } from "./process-stats.ts";

test("the peak of a process's memory stays when the memory is given back", () => {
  // What is put into a typed array lies outside of the heap, and goes back to the system with it.
  const rssWith = (): number => {
    const much = new Uint8Array(256 * MIB).fill(1);
    return much.length > 0 ? process.memoryUsage.rss() : 0;
  };
  const rss = rssWith();
  Bun.gc(true);
  expect(peakRssBytes(process.pid)).toBeGreaterThanOrEqual(rss);
  expect(peakRssBytes(process.pid)).toBeLessThan(totalmem());
});

test("a process that is not there has no peak", async () => {
  const gone = Bun.spawn(["true"]);
  await gone.exited;
  expect(peakRssBytes(gone.pid)).toBeUndefined();
});

test("a directory takes what its files take on disk, in all its depths, not what they are long", () => {
  using dir = new TemporaryDirectory();
  mkdirSync(join(dir.path, "a", "b"), { recursive: true });
  writeDurably(join(dir.path, "one"), 64 * 1024);
  writeDurably(join(dir.path, "a", "b", "two"), 64 * 1024);
  writeDurably(join(dir.path, "sparse"), 1);
  truncateSync(join(dir.path, "sparse"), 1024 * MIB);
  const bytes = directoryBytes(dir.path);
  expect(bytes).toBeGreaterThanOrEqual(128 * 1024);
  expect(bytes).toBeLessThan(MIB);
});

/** A file system may put off giving it room until it must. */
function writeDurably(path: string, bytes: number): void {
  const file = openSync(path, "w");
  writeFileSync(file, crypto.getRandomValues(new Uint8Array(bytes)));
  fsyncSync(file);
  closeSync(file);
}

const MIB = 2 ** 20;
