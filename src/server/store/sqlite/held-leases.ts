import type { Lane } from "./lane-book.ts";

/** A row of the lease table. */
export interface Lease {
  readonly task: number;
  readonly lane: Lane;
  readonly priority: number;
  readonly attempts: number;
  readonly worker: string;
}

/** What a copy costs, with its place among the others. */
const LEASE_BYTES = 150;

/** Copies of leases, as many as there is room for: most are ended soon. The lease table has the truth. */
export class HeldLeases {
  readonly #countMax: number;
  readonly #leases = new Map<number, Lease>();

  constructor(bytesMax: number) {
    this.#countMax = Math.floor(bytesMax / LEASE_BYTES);
  }

  get(task: number): Lease | undefined {
    return this.#leases.get(task);
  }

  add(lease: Lease): void {
    if (this.#leases.size < this.#countMax) this.#leases.set(lease.task, lease);
  }

  /** To be called whenever a lease ends. */
  delete(task: number): void {
    this.#leases.delete(task);
  }

  /** To be called when the transaction is undone. */
  clear(): void {
    this.#leases.clear();
  }
}
