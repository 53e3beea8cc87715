import type { Family } from "./family.ts";
import { single } from "./process-metrics.ts";

/** What is asked about the task files when somebody scrapes. */
export interface StoreSources {
  readonly storeBytes: () => Promise<number>;
  /** Of the file system the files are on, for whom the server runs as. */
  readonly diskFreeBytes: () => Promise<number>;
  /** Whether any shard takes no writes. */
  readonly storeFaulty: () => boolean;
  /** Whether new tasks are refused for want of room. */
  readonly diskFull: () => boolean;
}

/** The task files and the disk they are on. */
export class StoreMetrics {
  readonly #diskReserveBytes: number;
  #sources: StoreSources | undefined;
  #faults = 0;

  /** @param diskReserveBytes new tasks are refused while less than this is free */
  constructor(diskReserveBytes: number) {
    this.#diskReserveBytes = diskReserveBytes;
  }

  /** Until this is called the gauges are missing. */
  attach(sources: StoreSources): void {
    this.#sources = sources;
  }

  /** A shard went out of order. */
  failed(): void {
    this.#faults += 1;
  }

  families(): Family[] {
    return [
      measured("codeq_store_bytes", "Size of the task files", () => this.#sources?.storeBytes()),
      measured("codeq_disk_free_bytes", "Free space on the disk of the task files", () =>
        this.#sources?.diskFreeBytes(),
      ),
      single("codeq_disk_reserve_bytes", "New tasks are refused while less than this is free", "gauge", () => {
        return this.#diskReserveBytes;
      }),
      single("codeq_store_faults_total", "Times a shard went out of order", "counter", () => this.#faults),
      flag("codeq_store_fault", "1 while a shard takes no writes, else 0", () => this.#sources?.storeFaulty()),
      flag("codeq_disk_full", "1 while new tasks are refused for want of room, else 0", () =>
        this.#sources?.diskFull(),
      ),
    ];
  }
}

function flag(name: string, help: string, isUp: () => boolean | undefined): Family {
  return {
    name,
    help,
    type: "gauge",
    collect: () => {
      const up = isUp();
      return up === undefined ? [] : [{ labels: {}, value: up ? 1 : 0 }];
    },
  };
}

/** A gauge that is missing when it cannot be read. */
function measured(name: string, help: string, value: () => Promise<number> | undefined): Family {
  return {
    name,
    help,
    type: "gauge",
    collect: async () => {
      const read = await value()?.catch(() => undefined);
      return read === undefined ? [] : [{ labels: {}, value: read }];
    },
  };
}
