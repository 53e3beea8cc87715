import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
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
