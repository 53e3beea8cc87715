import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

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

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
