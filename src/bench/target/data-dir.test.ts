import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, statfsSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { TemporaryDirectory } from "../bench-process-fixture.ts";
import { DataDir, placeOfData, removeLeftovers } from "./data-dir.ts";

test("a data directory is fresh and empty, and goes with everything in it", () => {
  using parent = new TemporaryDirectory();
  {
    using dir = new DataDir(parent.path);
    using other = new DataDir(parent.path);
    expect(dir.path).not.toBe(other.path);
    expect(readdirSync(dir.path)).toEqual([]);
    writeFileSync(join(dir.path, "data"), "much");
  }
  expect(parent.names).toEqual([]);
});

test("what a killed run left behind is removed, and its server ended", async () => {
  using parent = new TemporaryDirectory();
  await using server = Bun.spawn(["sleep", "600"]);
  await killedRun(parent, server.pid);
  expect(parent.names).toHaveLength(1);
  expect(removeLeftovers(parent.path)).toBe(1);
  expect(parent.names).toEqual([]);
  await server.exited;
  expect(server.signalCode).toBe("SIGKILL");
});

test("the directory of a run that lives is kept, and its server left alone", async () => {
  using parent = new TemporaryDirectory();
  await using server = Bun.spawn(["sleep", "600"]);
  using dir = new DataDir(parent.path);
  dir.ownedBy(server.pid);
  await killedRun(parent, server.pid);
  expect(removeLeftovers(parent.path)).toBe(1);
  expect(readdirSync(dir.path)).toEqual([]);
  expect(removeLeftovers(parent.path)).toBe(0);
});

test("a process that only has the number of the one that made a directory does not keep it", () => {
  using parent = new TemporaryDirectory();
  using dir = new DataDir(parent.path);
  asOfAnotherProcess(parent, "bench");
  expect(removeLeftovers(parent.path)).toBe(1);
  expect(existsSync(dir.path)).toBe(false);
});

test("a process that only has the number of a dead run's server is left alone", async () => {
  using parent = new TemporaryDirectory();
  await using stranger = Bun.spawn(["sleep", "600"]);
  await killedRun(parent, stranger.pid);
  asOfAnotherProcess(parent, "server");
  expect(removeLeftovers(parent.path)).toBe(1);
  stranger.kill("SIGTERM");
  await stranger.exited;
  expect(stranger.signalCode).toBe("SIGTERM");
});

test("what is not a data directory of ours is left alone", async () => {
  using parent = new TemporaryDirectory();
  await using server = Bun.spawn(["sleep", "600"]);
  await killedRun(parent, server.pid);
  renameSync(join(parent.path, parent.names[0] ?? ""), join(parent.path, "kept"));
  writeFileSync(join(parent.path, "codeq-bench-notes"), "mine");
  writeFileSync(join(parent.path, "data"), "mine");
  expect(removeLeftovers(parent.path)).toBe(0);
  expect(parent.names.sort()).toEqual(["codeq-bench-notes", "data", "kept"]);
});

const onMemory = (path: string): boolean => statfsSync(path).type === 0x0102_1994;
const canTell = ["/dev/shm"].every(onMemory) && !onMemory(import.meta.dir) && !onMemory(homedir());

test.skipIf(!canTell)("data goes to a real disk by default, not to memory that looks like one", async () => {
  using disk = new TemporaryDirectory();
  const place = (cwd: string): Promise<string> =>
    printed("console.log(placeOfData(undefined))", { cwd, env: { TMPDIR: "/dev/shm", HOME: homedir() } });
  expect(await place(disk.path)).toBe(onMemory(disk.path) ? homedir() : disk.path);
  expect(await place("/dev/shm")).toBe(homedir());
});

test("the directory for temporary files is the default if it is on a disk", async () => {
  using disk = new TemporaryDirectory();
  const place = await printed("console.log(placeOfData(undefined))", {
    cwd: "/",
    env: { TMPDIR: disk.path, HOME: homedir() },
  });
  expect(place).toBe(onMemory(disk.path) ? "/" : disk.path);
});

test("the place for data is where the user wants it, named without links, if that is a directory", () => {
  using wanted = new TemporaryDirectory();
  const [link, file] = [join(wanted.path, "link"), join(wanted.path, "file")];
  symlinkSync(wanted.path, link);
  writeFileSync(file, "");
  expect(placeOfData(wanted.path)).toBe(wanted.path);
  expect(placeOfData(link)).toBe(wanted.path);
  expect(placeOfData(file)).toBeUndefined();
  expect(placeOfData(join(wanted.path, "none"))).toBeUndefined();
});

/** A run that ends as with `kill -9`: nothing of it clears up. */
async function killedRun(parent: TemporaryDirectory, serverPid: number): Promise<void> {
  await printed(
    `new DataDir(${JSON.stringify(parent.path)}).ownedBy(${serverPid}); process.kill(process.pid, "SIGKILL");`,
    { cwd: parent.path, env: {} },
  );
}

interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What a process of its own prints that runs this script. */
async function printed(script: string, surroundings: Surroundings): Promise<string> {
  const source = `import { DataDir, placeOfData } from ${JSON.stringify(join(import.meta.dir, "data-dir.ts"))}; ${script}`;
  const child = Bun.spawn([process.execPath, "-e", source], { ...surroundings, stdio: ["ignore", "pipe", "inherit"] });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return text.trim();
}

/** Makes what is written down of a process that of an earlier one with the same number. */
function asOfAnotherProcess(parent: TemporaryDirectory, whose: "bench" | "server"): void {
  const file = join(parent.path, parent.names[0] ?? "", "owners.json");
  // As DataDir has written it.
  const owners = JSON.parse(readFileSync(file, "utf8")) as Record<string, { readonly startTicks: string }>;
  writeFileSync(file, JSON.stringify({ ...owners, [whose]: { ...owners[whose], startTicks: "1" } }));
}
