import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

const FILES = ["shard-00.sqlite", "shard-00.sqlite-wal", "shard-00.sqlite.mark"];

/** For tests: a directory that is gone afterwards, and stores in it. */
export class SqliteFixture implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "codeq-test-"));
  readonly faults: string[] = [];
  readonly warnings: string[] = [];
  readonly commits: number[] = [];

  open(given: Partial<SqliteStoreOptions> = {}): SqliteStore {
    return new SqliteStore({
      path: join(this.directory, "shard-00.sqlite"),
      shard: 0,
      durability: "off",
      cacheBytes: 2 ** 20,
      diskReserveBytes: 0,
      lanesMax: 1000,
      acceptDataLoss: false,
      freshSeed: [3, 4],
      clock: () => 0,
      onCommit: (operations) => this.commits.push(operations),
      onFault: (reason) => this.faults.push(reason),
      onDiskFull: (full) => this.warnings.push(full ? "disk full" : "room again"),
      onWarning: (message) => this.warnings.push(message),
      ...given,
    });
  }

  /** The files as they are now, as a killed server would leave them. */
  copy(): SqliteFixture {
    const copy = new SqliteFixture();
    for (const name of FILES) copyFileSync(join(this.directory, name), join(copy.directory, name));
    return copy;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
