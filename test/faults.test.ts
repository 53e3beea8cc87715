import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { membersOf, OneServer, tasksOf, textOf } from "./one-server.ts";
import { ServerProcess, TemporaryDirectory } from "./server-process.ts";

const IS_ROOT = process.getuid?.() === 0;
const LOG = "shard-00.sqlite-wal";

/** A data directory as a kill -9 leaves it, with the given number of acknowledged tasks. */
async function crashedDataDir(directory: TemporaryDirectory, tasks: number): Promise<string> {
  await using server = await OneServer.start();
  for (let n = 0; n < tasks; n += 1)
    expect((await server.post("/tasks", { command: "C", payload: n })).status).toBe(202);
  await server.end("SIGKILL");
  mkdirSync(directory.at("data"));
  for (const name of readdirSync(server.dataDir))
    copyFileSync(`${server.dataDir}/${name}`, directory.at(`data/${name}`));
  return directory.at("data");
}

/** A hash of each file. */
function contentsOf(dataDir: string): Readonly<Record<string, bigint | number>> {
  return Object.fromEntries(readdirSync(dataDir).map((name) => [name, Bun.hash(readFileSync(`${dataDir}/${name}`))]));
}

describe("acknowledged tasks that are missing from the files stop the start with exit 5:", () => {
  const DAMAGES: readonly (readonly [string, (dataDir: string) => void])[] = [
    ["a deleted log", (dataDir) => rmSync(`${dataDir}/${LOG}`)],
    [
      "a truncated log",
      (dataDir) => truncateSync(`${dataDir}/${LOG}`, readFileSync(`${dataDir}/${LOG}`).length - 5000),
    ],
    [
      "a flipped byte in the log",
      (dataDir) => {
        const bytes = readFileSync(`${dataDir}/${LOG}`);
        bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 0xff;
        writeFileSync(`${dataDir}/${LOG}`, bytes);
      },
    ],
    [
      "a flipped byte amid the log",
      (dataDir) => {
        const bytes = readFileSync(`${dataDir}/${LOG}`);
        const middle = bytes.length >> 1;
        bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
        writeFileSync(`${dataDir}/${LOG}`, bytes);
      },
    ],
  ];
  for (const [what, damage] of DAMAGES) {
    test(what, async () => {
      using directory = new TemporaryDirectory();
      const dataDir = await crashedDataDir(directory, 5);
      damage(dataDir);
      const before = contentsOf(dataDir);
      const { code, errors } = await ServerProcess.fail({ dataDir });
      expect(code).toBe(5);
      expect(errors).toMatch(/^codeq: .*lacks its newest \d+ commits.*--accept-data-loss.*\n$/);
      // What is left may be worth saving.
      expect(contentsOf(dataDir)).toEqual(before);
      await using server = await ServerProcess.start({ dataDir, flags: ["--accept-data-loss"] });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      await server.end("SIGTERM");
      expect(await server.output()).toMatch(/"level":"warn".*lacks its newest \d+ commits.*loss was accepted/);
    });
  }
});

test("defect 8: the files themselves say at which durability they are written", async () => {
  for (const durability of ["off", "full"]) {
    using directory = new TemporaryDirectory();
    await using _ = await ServerProcess.start({ dataDir: directory.at("data"), flags: ["--durability", durability] });
    expect(readFileSync(directory.at("data/shard-00.sqlite.mark"), "utf8")).toMatch(new RegExp(` ${durability} *$`));
  }
});

// As root every directory can be written: somebody else has to try, and only root can become somebody else.
test.skipIf(!IS_ROOT)("a data directory that may not be written is refused by name with exit 4", async () => {
  using directory = new TemporaryDirectory();
  const dataDir = directory.at("data");
  mkdirSync(dataDir, { mode: 0o755 });
  const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const { code, errors } = await ServerProcess.fail({ dataDir, prefix: nobody });
  expect(code).toBe(4);
  expect(errors).toMatch(/^codeq: .*\n$/);
  expect(errors).toContain(dataDir);
});

// Mounting a small disk takes the rights to do so.
test.skipIf(!IS_ROOT)(
  "a full disk refuses new tasks with 507 while claims, results and cleanup go on, and recovers by itself",
  async () => {
    using directory = new TemporaryDirectory();
    const disk = directory.at("disk");
    mkdirSync(disk);
    run("mount", "-t", "tmpfs", "-o", "size=64m", "none", disk);
    const settings = { dataDir: `${disk}/data`, flags: ["--disk-reserve", "32MiB"] };
    const server = await OneServer.start(settings);
    try {
      const create = () => server.post("/tasks", { command: "C", payload: "x".repeat(200_000) });
      let created = 0;
      for (;;) {
        const answer = await create();
        if (answer.status === 507) {
          expect(membersOf(answer)).toMatchObject({ code: "DISK_FULL" });
          break;
        }
        expect(answer.status).toBe(202);
        created += 1;
      }
      expect(created).toBeGreaterThan(20);
      const readiness = async (): Promise<string> => (await fetch(`${server.url}/readyz`)).text();
      const isFull = async (): Promise<boolean> =>
        (await (await fetch(`${server.url}/metrics`)).text()).includes("\ncodeq_disk_full 1\n");
      expect(await server.status("/readyz")).toBe(200);
      expect(await readiness()).toBe('{"ready":true,"reasons":[],"creates":"refused: disk full"}');
      expect(await isFull()).toBe(true);
      // What was refused left no trace, what was accepted survives.
      await server.restart(settings);
      expect(membersOf(await server.get("/admin/queues/C"))).toMatchObject({ ready: created });
      // A restart makes a little room.
      while ((await create()).status === 202) created += 1;
      let completed = 0;
      for (;;) {
        const tasks = tasksOf(await server.post("/tasks/claim/batch", { commands: ["C"], count: 10 }));
        if (tasks.length === 0) break;
        const results = tasks.map(({ id }) => ({ taskId: id, status: "COMPLETED", result: {} }));
        const answer = await server.post("/tasks/batch/results", { results });
        completed += answer.text.match(/"status":"COMPLETED"/g)?.length ?? 0;
      }
      expect(completed).toBe(created);
      const cleanup = await server.post("/admin/tasks/cleanup", { before: "2100-01-01T00:00:00Z", limit: 10_000 });
      expect(membersOf(cleanup)).toMatchObject({ deleted: created });
      expect((await create()).status).toBe(202);
      // Nobody has to create anything for the end of it to be noticed.
      while ((await readiness()).includes("refused")) await new Promise(setImmediate);
      expect(await isFull()).toBe(false);
      await server.end("SIGTERM");
      const told = (await server.output()).match(/"level":"\w+"[^\n]*"msg":"the disk of[^\n]*/g);
      expect(told).toEqual([expect.stringContaining("is full"), expect.stringContaining("has room again")]);
    } finally {
      await server[Symbol.asyncDispose]();
      run("umount", disk);
    }
  },
  60_000,
);

test("a disk that fails is told as such: 503, not ready with the reason, and nothing acknowledged is gone", async () => {
  // A write beyond the file size limit fails like a broken disk, as long as the signal for it is ignored.
  const prefix = ["bash", "-c", `trap '' XFSZ; ulimit -f 6000; exec "$0" "$@"`];
  await using server = await OneServer.start({ prefix });
  const acknowledged: string[] = [];
  for (;;) {
    const answer = await server.post("/tasks", { command: "C", payload: "x".repeat(50_000) });
    if (answer.status !== 202) {
      expect({ status: answer.status, code: membersOf(answer)["code"] }).toEqual({
        status: 503,
        code: "COMMIT_UNKNOWN",
      });
      break;
    }
    acknowledged.push(textOf(answer, "id"));
  }
  expect(acknowledged.length).toBeGreaterThan(20);
  const readiness = await fetch(`${server.url}/readyz`);
  expect(readiness.status).toBe(503);
  const reasons = await readiness.text();
  expect(reasons).toContain("disk I/O error");
  // Anybody may ask: where the files are is for the log.
  expect(reasons).not.toContain(".sqlite");
  await server.restart();
  for (const id of acknowledged) expect((await server.get(`/tasks/${id}`)).status).toBe(200);
});

test("while it drains, new connections are refused and the request under way is answered", async () => {
  await using server = await OneServer.start();
  using slow = await server.connect();
  const body = JSON.stringify({ command: "C", payload: 1 });
  const head = `POST /v1/codeq/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dev-token\r\nContent-Length: ${body.length}\r\n\r\n`;
  slow.write(head + body.slice(0, 5));
  // Connections are served in the order they came: once this is answered, the other request is under way.
  expect(await server.status("/healthz")).toBe(200);
  const ended = server.end("SIGTERM");
  while (await connects(server)) await new Promise(setImmediate);
  slow.write(body.slice(5));
  const answer = await slow.answer();
  expect(answer.status).toBe(202);
  expect(answer.headers.get("connection")).toBe("close");
  expect(await ended).toBe(0);
  await server.restart();
  expect((await server.get(`/tasks/${textOf(answer, "id")}`)).status).toBe(200);
});

async function connects(server: OneServer): Promise<boolean> {
  try {
    using _ = await server.connect();
    return true;
  } catch {
    return false;
  }
}

function run(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
