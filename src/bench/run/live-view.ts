import { SLOTS, slotRange } from "../histogram.ts";
import type { LiveCount } from "../load/live-counts.ts";
import type { LoadThreads } from "../load/load-threads.ts";
import type { RunClock } from "../load/run-clock.ts";
import type { RateUnit } from "../result.ts";
import type { PointPlan } from "./point-plan.ts";
import type { Progress } from "./run-settings.ts";

/** What the live line shows, from the counts of all threads. */
export class LiveView {
  readonly #threads: LoadThreads;
  readonly #count: LiveCount;
  readonly #prefill: number;
  readonly #untilUs: number;
  readonly #clock: RunClock;
  #lastCount: number;
  #lastUs: number;
  #lastLatencies: Float64Array;

  constructor(threads: LoadThreads, plan: PointPlan, untilUs: number, clock: RunClock) {
    this.#threads = threads;
    this.#count = COUNT_OF[plan.unit];
    this.#prefill = plan.prefill;
    this.#untilUs = untilUs;
    this.#clock = clock;
    this.#lastCount = threads.sum(this.#count);
    this.#lastUs = clock.nowUs();
    this.#lastLatencies = this.#latencies();
  }

  look(): Progress {
    const nowUs = this.#clock.nowUs();
    const count = this.#threads.sum(this.#count);
    const perSecond = ((count - this.#lastCount) * 1e6) / Math.max(1, nowUs - this.#lastUs);
    const latencies = this.#latencies();
    const p99Us = quantileOfGrowth(this.#lastLatencies, latencies, 0.99);
    this.#lastCount = count;
    this.#lastUs = nowUs;
    this.#lastLatencies = latencies;
    const depth = Math.max(0, this.#prefill + this.#threads.sum("created") - this.#threads.sum("delivered"));
    const leftMs = Math.max(0, (this.#untilUs - nowUs) / 1000);
    return { perSecond, p99Ms: p99Us === undefined ? undefined : p99Us / 1000, depth, leftMs };
  }

  #latencies(): Float64Array {
    const latencies = new Float64Array(SLOTS);
    for (const counts of this.#threads.counts) counts.addLatencies(latencies);
    return latencies;
  }
}

function quantileOfGrowth(before: Float64Array, after: Float64Array, share: number): number | undefined {
  const grown = after.map((count, slot) => count - (before[slot] ?? 0));
  const wanted = share * grown.reduce((total, count) => total + count, 0);
  if (wanted === 0) return undefined;
  let seen = 0;
  const slot = grown.findIndex((count) => {
    seen += count;
    return seen >= wanted;
  });
  return slotRange(slot).to;
}

const COUNT_OF: Readonly<Record<RateUnit, LiveCount>> = {
  "tasks/s": "resultsAcked",
  "creates/s": "created",
  "claims/s": "delivered",
};
