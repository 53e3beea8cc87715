import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { DURABILITIES, type Durability } from "../durability.ts";
import { StoreOpenError } from "../open-error.ts";

/** A float64 for the count, then text: boot id and durability level. */
const COUNT_BYTES = 8;
const MARK_BYTES = 64;

interface Mark {
  readonly commits: number;
  readonly bootId: string;
  readonly durability: Durability | undefined;
}

/**
 * How many commits a shard file must have, kept in a small file beside it and raised before an acknowledgement goes out.
 *
 * SQLite passes over damaged frames at the end of a write-ahead log as if they had never been written: a flipped bit
 * there takes acknowledged commits away without an error. The mark makes that visible. It is never synced: within one
 * run of the operating system it is exact; after a power cut it may be ahead of a shard file that was not synced either,
 * but never ahead of one that was.
 */
export class CommitMark {
  readonly #descriptor: number;
  readonly #bytes = new Uint8Array(MARK_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  /** @param durability what commits are worth from now on */
  constructor(path: string, durability: Durability) {
    this.#descriptor = openSync(path, existsSync(path) ? "r+" : "w+", 0o600);
    const text = `${currentBootId()} ${durability}`.padEnd(MARK_BYTES - COUNT_BYTES);
    this.#bytes.set(new TextEncoder().encode(text), COUNT_BYTES);
  }

  raise(commits: number): void {
    this.#view.setFloat64(0, commits);
    writeSync(this.#descriptor, this.#bytes, 0, MARK_BYTES, 0);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

export interface CommitCheck {
  readonly file: string;
  readonly markPath: string;
  /** How many the file has. */
  readonly commits: number;
  /** Go on without those that are missing. */
  readonly acceptDataLoss: boolean;
}

/**
 * Compares what a shard file has with what its mark says it must have.
 * @returns a warning when commits are missing that its durability level did not promise to keep, or that are given up
 * @throws StoreOpenError when commits are missing that it did promise to keep
 */
export function checkCommits({ file, markPath, commits, acceptDataLoss }: CommitCheck): string | undefined {
  const mark = readMark(markPath);
  if (mark === undefined || mark.commits <= commits) return undefined;
  const missing = `${file} lacks its newest ${mark.commits - commits} commits`;
  if (mark.bootId !== currentBootId() && mark.durability !== "full") {
    return `${missing}: the machine went down, and at durability ${mark.durability ?? "off"} nothing kept them`;
  }
  if (acceptDataLoss) return `${missing}: they are given up, the loss was accepted (--accept-data-loss)`;
  throw new StoreOpenError(
    "damaged",
    `${missing}: the file or its -wal file was damaged, deleted or replaced. ` +
      "Restore both from a backup, or start once with --accept-data-loss to go on without them",
  );
}

function readMark(path: string): Mark | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length < MARK_BYTES) return undefined;
  const [bootId = "", level = ""] = bytes.toString("utf8", COUNT_BYTES, MARK_BYTES).trim().split(" ");
  return { commits: bytes.readDoubleBE(0), bootId, durability: DURABILITIES.find((known) => known === level) };
}

/** Tells one run of the operating system from the next; empty where there is no such thing. */
function currentBootId(): string {
  const path = "/proc/sys/kernel/random/boot_id";
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}
