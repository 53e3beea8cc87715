import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { claimBy, NOW, newTask } from "../store-fixture.ts";
import { closeShardFile, openShardFile } from "./shard-file.ts";
import { SqliteFixture } from "./sqlite-fixture.ts";

/** The files as a kill -9 would leave them after three commits of one task each. */
async function crashed(): Promise<SqliteFixture> {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  for (let commit = 0; commit < 3; commit += 1) await store.insert([newTask()], NOW);
  const crash = fixture.copy();
  await store.close();
  return crash;
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  const at = Math.floor(offset);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
}

/** In the log, as everything a killed server wrote last. */
function raiseSchemaVersion(path: string): void {
  using directory = new SqliteFixture();
  const copy = join(directory.directory, "copy.sqlite");
  for (const end of ["", "-wal"]) copyFileSync(path + end, copy + end);
  const db = new Database(copy);
  db.run("PRAGMA user_version = 999");
  for (const end of ["", "-wal"]) copyFileSync(copy + end, path + end);
  db.close(true);
}

function contentsOf(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, Bun.hash(readFileSync(join(directory, name))).toString(36)]),
  );
}

test("a second opening of the same file is refused while the first lives", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  expect(() => fixture.open()).toThrow("is in use by another codeq server");
  await store.insert([newTask()], NOW);
  await store.close();
  await fixture.open().close();
});

test("after a crash every acknowledged commit is there", async () => {
  using crash = await crashed();
  const store = crash.open();
  expect(await store.stats({ tenant: undefined, command: undefined })).toMatchObject([
    { ready: [3, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
  ]);
  await store.close();
});

test("a damaged write-ahead log is noticed, and accepting the loss is a choice", async () => {
  using crash = await crashed();
  const { directory } = crash;
  const log = join(directory, "shard-00.sqlite-wal");
  const bytes = readFileSync(log);
  // In the last frame: SQLite itself then takes the log to end before it.
  for (const offset of [100, 200, 300]) bytes[bytes.length - offset] = (bytes[bytes.length - offset] ?? 0) ^ 0xff;
  writeFileSync(log, bytes);
  expect(() => crash.open()).toThrow(/lacks its newest 1 commits.*--accept-data-loss/);
  await crash.open({ acceptDataLoss: true }).close();
  expect(crash.warnings).toEqual([
    expect.stringMatching(/shard-00.sqlite lacks its newest 1 commits.*loss was accepted/),
  ]);
  await crash.open().close();
  expect(crash.warnings).toHaveLength(1);
});

test("a refused opening leaves file, log and mark as they were, byte for byte", async () => {
  const damages: Record<string, (path: string) => void> = {
    "a flipped byte in the middle of the log": (path) => flip(`${path}-wal`, statSync(`${path}-wal`).size / 2),
    "a missing file": (path) => rmSync(path),
    "an emptied file": (path) => truncateSync(path),
    "a newer schema": (path) => raiseSchemaVersion(path),
  };
  for (const [damage, apply] of Object.entries(damages)) {
    using crash = await crashed();
    apply(join(crash.directory, "shard-00.sqlite"));
    const before = contentsOf(crash.directory);
    expect(() => crash.open(), damage).toThrow();
    expect(contentsOf(crash.directory), damage).toEqual(before);
  }
});

test("a deleted write-ahead log or a deleted file is noticed", async () => {
  for (const name of ["shard-00.sqlite-wal", "shard-00.sqlite"]) {
    using crash = await crashed();
    const { directory } = crash;
    rmSync(join(directory, name));
    if (name === "shard-00.sqlite") rmSync(join(directory, "shard-00.sqlite-wal"));
    expect(() => crash.open()).toThrow("lacks its newest");
  }
});

test("after a power cut at a level that does not sync, what is missing is told but does not stop the server", async () => {
  using crash = await crashed();
  const { directory } = crash;
  rmSync(join(directory, "shard-00.sqlite-wal"));
  const mark = join(directory, "shard-00.sqlite.mark");
  const text = readFileSync(mark);
  text.write("another-boot", 8);
  writeFileSync(mark, text);
  await crash.open().close();
  expect(crash.warnings.join()).toContain("the machine went down");
});

test("a missing mark is made anew, and counts before the first commit", async () => {
  using crash = await crashed();
  rmSync(join(crash.directory, "shard-00.sqlite.mark"));
  const store = crash.open();
  using again = crash.copy();
  await store.close();
  expect(existsSync(join(again.directory, "shard-00.sqlite.mark"))).toBe(true);
  rmSync(join(again.directory, "shard-00.sqlite-wal"));
  expect(() => again.open()).toThrow("lacks its newest");
});

test.each([
  ["off", 0],
  ["normal", 1],
  ["full", 2],
] as const)("defect 8: durability %s reaches SQLite as synchronous %d, over a write-ahead log", (durability, level) => {
  using fixture = new SqliteFixture();
  const path = join(fixture.directory, "shard-00.sqlite");
  const { db, ...rest } = openShardFile({
    path,
    durability,
    cacheBytes: 2 ** 20,
    diskReserveBytes: 0,
    acceptDataLoss: false,
    onWarning: () => undefined,
  });
  expect(db.query("PRAGMA synchronous").get()).toEqual({ synchronous: level });
  expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  closeShardFile({ db, ...rest });
});

test("a file of the first schema is brought up to date, its tasks stay, and new ones keep their trace", async () => {
  using fixture = new SqliteFixture();
  const [old, fresh] = [newTask(), newTask({ trace: { traceParent: "p", traceState: "s" } })];
  const store = fixture.open();
  await store.insert([old], NOW);
  await store.close();
  const db = new Database(join(fixture.directory, "shard-00.sqlite"));
  // Where an older codeq had what is in the journal now.
  db.run("INSERT INTO ready SELECT lane, priority, id, id, 0 FROM task");
  db.run("UPDATE lane SET ready0 = 1");
  db.run("UPDATE shard SET commits = (SELECT max(id) FROM journal), last_position = (SELECT max(id) FROM task)");
  db.run("DROP TABLE journal");
  db.run("ALTER TABLE task DROP COLUMN trace");
  db.run("PRAGMA user_version = 1");
  db.close();
  const opened = fixture.open();
  await opened.insert([fresh], NOW);
  const traces = (await opened.get([old, fresh])).map((task) => [task?.payload, task?.trace]);
  expect(traces).toEqual([
    ["{}", undefined],
    ["{}", fresh.trace],
  ]);
  expect(await opened.claim([claimBy("w1")], NOW)).toMatchObject([[{ key: old.key }, { key: fresh.key }]]);
  await opened.close();
});

test("a file that is not ours, is garbage or is from a newer codeq is refused and left as it was", () => {
  using fixture = new SqliteFixture();
  const path = join(fixture.directory, "shard-00.sqlite");

  writeFileSync(path, "no database ".repeat(1000));
  expect(() => fixture.open()).toThrow("is damaged: file is not a database");
  expect(readFileSync(path, "utf8")).toStartWith("no database");

  rmSync(path);
  const foreign = new Database(path, { create: true });
  foreign.run("CREATE TABLE songs (name TEXT)");
  foreign.close(true);
  expect(() => fixture.open()).toThrow("not one of codeq's");

  rmSync(path);
  const newer = new Database(path, { create: true });
  newer.run("PRAGMA user_version = 999");
  newer.close(true);
  expect(() => fixture.open()).toThrow("schema version 999");
});

test("a damaged page that is met while opening is told as damage, each time", async () => {
  using fixture = new SqliteFixture();
  const store = fixture.open();
  await store.insert([newTask()], NOW);
  await store.close();
  const path = join(fixture.directory, "shard-00.sqlite");
  const db = new Database(path, { readonly: true });
  const lanes = db.query<{ rootpage: number }, []>("SELECT rootpage FROM sqlite_schema WHERE name = 'lane'").get();
  db.close(true);
  const bytes = readFileSync(path);
  bytes.fill(0xff, ((lanes?.rootpage ?? 0) - 1) * 4096, (lanes?.rootpage ?? 0) * 4096);
  writeFileSync(path, bytes);
  expect(() => fixture.open()).toThrow(/shard-00.sqlite is damaged.*Restore it from a backup/);
  // Nothing holds on to the file.
  expect(() => fixture.open()).toThrow(/shard-00.sqlite is damaged/);
});

test("a place that cannot be written is named", () => {
  using fixture = new SqliteFixture();
  expect(() => fixture.open({ path: join(fixture.directory, "missing", "shard-00.sqlite") })).toThrow("cannot open");
});
