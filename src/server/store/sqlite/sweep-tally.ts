import type { LaneSweep, Released } from "../../queue/store.ts";
import type { Lane } from "./lane-book.ts";

/** Sums up what a sweep did, lane by lane. */
export class SweepTally {
  readonly #shard: number;
  readonly #sums = new Map<Lane, { ready: number; delayed: number; dead: LaneSweep["dead"][number][] }>();

  constructor(shard: number) {
    this.#shard = shard;
  }

  add(lane: Lane, sequence: number, moved: Released): void {
    const sum = this.#sums.get(lane) ?? { ready: 0, delayed: 0, dead: [] };
    this.#sums.set(lane, sum);
    if (moved.kind === "dead") sum.dead.push({ shard: this.#shard, sequence });
    else sum[moved.kind] += 1;
  }

  get lanes(): LaneSweep[] {
    return Array.from(this.#sums, ([{ tenant, command }, sum]) => ({ tenant, command, ...sum }));
  }
}
