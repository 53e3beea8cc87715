import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../queue/store.ts";
import { type OpenStoreOptions, openStore } from "./open-store.ts";
import { claimBy, NOW, newTask } from "./store-fixture.ts";

let parent: string;
let events: string[];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "codeq-open-"));
  events = [];
});
afterEach(() => rmSync(parent, { recursive: true }));

function open(given: Partial<OpenStoreOptions> = {}): Promise<Store> {
  return openStore({
    dataDir: join(parent, "data"),
    shards: 1,
    durability: "off",
    cacheBytes: 2 ** 20,
    diskReserveBytes: 0,
    lanesMax: 1000,
    acceptDataLoss: false,
    onCommit: () => undefined,
    onEvent: (level, message) => events.push(`${level}: ${message}`),
    freshSeed: [5, 6],
    clock: () => 0,
    ...given,
  });
}

test("a full disk is told once, whatever the number of shards and of refusals, while claims go on", async () => {
  const store = await open({ shards: 2, diskReserveBytes: Number.MAX_SAFE_INTEGER });
  expect(store.diskFull()).toBe(false);
  for (const shard of [0, 1, 0, 1]) {
    const { key, ...task } = newTask();
    const refused = store.insert([{ ...task, key: { ...key, shard } }], NOW);
    expect(refused).rejects.toThrow("disk full");
    await refused.catch(() => undefined);
  }
  expect(store.diskFull()).toBe(true);
  expect(await store.claim([claimBy("w1")], NOW)).toEqual([[]]);
  // Still full, however often one looks.
  for (let look = 0; look < 3; look += 1) await store.recover();
  expect(store.diskFull()).toBe(true);
  expect(events).toEqual([expect.stringMatching(/^warn: the disk of .*data is full: new tasks are refused/)]);
  await store.close();
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test("a new data directory and everything in it belongs to its owner alone, whatever the mask", async () => {
  const dataDir = join(parent, "data");
  const mask = process.umask(0);
  try {
    const store = await open({ shards: 2 });
    expect(modeOf(dataDir)).toBe("700");
    const names = readdirSync(dataDir);
    expect(names).toContain("shard-01.sqlite-wal");
    expect(names.map((name) => `${name} ${modeOf(join(dataDir, name))}`)).toEqual(names.map((name) => `${name} 600`));
    await store.close();
  } finally {
    process.umask(mask);
  }
  expect(events).toEqual([]);
});

test("a data directory that is open to others is used, left as it is and warned of", async () => {
  const dataDir = join(parent, "data");
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o755);
  await (await open()).close();
  expect(modeOf(dataDir)).toBe("755");
  expect(events).toEqual([
    `warn: the data directory ${dataDir} is open to everybody on this machine (mode 755): chmod 700 it`,
  ]);
  chmodSync(dataDir, 0o770);
  await (await open()).close();
  expect(events).toHaveLength(1);
});

test("a data directory that is a file is named as that", () => {
  writeFileSync(join(parent, "data"), "");
  expect(open()).rejects.toThrow(`cannot use the data directory ${join(parent, "data")}: it is not a directory`);
});

test("of a shard that goes the mark goes first: without its mark a shard can be opened, the other way round it cannot", async () => {
  const dataDir = join(parent, "data");
  await (await open({ shards: 2 })).close();
  const gone: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(dataDir, (event, name) => {
    if (event !== "rename" || name === null || !/^shard-01.sqlite(.mark)?$/.test(name)) return;
    gone.push(name);
    if (gone.length === 2) resolve();
  });
  await (await open({ shards: 1 })).close();
  await promise;
  watcher.close();
  expect(gone).toEqual(["shard-01.sqlite.mark", "shard-01.sqlite"]);
  expect(readdirSync(dataDir).filter((name) => name.startsWith("shard-01"))).toEqual([]);
});
