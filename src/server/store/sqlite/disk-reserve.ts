import { statfsSync } from "node:fs";
import { CodeqError } from "../../queue/errors.ts";

/**
 * Keeps some of the disk for what must go on when it is nearly full: claims, results and pruning write too, and they are
 * what empties it again. New tasks are refused first.
 */
export class DiskReserve {
  readonly #directory: string;
  readonly #reserveBytes: number;
  readonly #reusableBytes: () => number;
  /** May be written before the next look at the disk. */
  #allowanceBytes = 0;
  #breached = false;

  /** @param reusableBytes free space inside the file */
  constructor(directory: string, reserveBytes: number, reusableBytes: () => number) {
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
    this.#reusableBytes = reusableBytes;
  }

  /** Whether anything was refused since this was last asked. */
  takeBreach(): boolean {
    const breached = this.#breached;
    this.#breached = false;
    return breached;
  }

  /** Whether the disk has more than the reserve. */
  hasRoom(): boolean {
    return this.#spareBytes() >= 0;
  }

  /** @throws CodeqError DISK_FULL when writing that much would eat into the reserve */
  spend(bytes: number): void {
    this.#allowanceBytes -= bytes;
    if (this.#allowanceBytes >= 0) return;
    const spareBytes = this.#spareBytes() - bytes;
    if (spareBytes < 0) {
      this.#breached = true;
      throw new CodeqError("DISK_FULL", "disk full: new tasks are refused, claims and results go on");
    }
    // Others write to the disk as well, so look again long before the spare is used up.
    this.#allowanceBytes = Math.min(spareBytes / 8, this.#reserveBytes / 8);
  }

  #spareBytes(): number {
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize + this.#reusableBytes() - this.#reserveBytes;
  }
}
