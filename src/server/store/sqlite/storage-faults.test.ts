import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SqliteFixture } from "./sqlite-fixture.ts";

/** Tasks that the probe creates at a time. */
const BATCH = 20;
const PROBE = join(import.meta.dir, "fault-probe.ts");

function run(command: readonly string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}

test("an I/O error on commit is answered as unknown, the store stops, and goes on once it is reopened", () => {
  using fixture = new SqliteFixture();
  // A write beyond the file size limit fails like a broken disk, as long as the signal for it is ignored.
  const limited = `trap '' XFSZ; ulimit -f 4000; exec "$0" "$@"`;
  const seen: unknown = JSON.parse(run(["bash", "-c", limited, process.execPath, PROBE, fixture.directory]));
  expect(seen).toMatchObject({ failure: "COMMIT_UNKNOWN", again: "UNAVAILABLE", fault: true, afterwards: "" });
  const { created, completed } = seen as { created: number; completed: number };
  expect(created).toBeGreaterThan(50);
  // The last batch of those created came after the reopening; the one that failed may be there or not.
  expect([created - BATCH, created]).toContain(completed);
});

// Mounting a small disk takes the rights to do so.
test.skipIf(process.getuid?.() !== 0).each([12, 4])(
  "with %d MiB in reserve a full disk refuses new tasks, and claims, results and pruning make room again",
  (reserveMiB) => {
    using fixture = new SqliteFixture();
    const disk = join(fixture.directory, "disk");
    mkdirSync(disk);
    run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", disk]);
    try {
      const seen: unknown = JSON.parse(run([process.execPath, PROBE, disk, String(reserveMiB * 2 ** 20)]));
      expect(seen).toMatchObject({ failure: "DISK_FULL", again: "DISK_FULL", fault: false, afterwards: "" });
      const { created, completed, pruned } = seen as { created: number; completed: number; pruned: number };
      // The last batch of those created came after the room was made.
      expect(created).toBeGreaterThan(50);
      expect([completed, pruned]).toEqual([created - BATCH, created - BATCH]);
    } finally {
      run(["umount", disk]);
    }
  },
);
