import type { Via } from "../load/load-plan.ts";
import type { RateUnit } from "../result.ts";

/** What one point of a scenario does: who creates, who works, what waits beforehand. Slots are for all threads together. */
export interface PointPlan {
  /** Such as `c=32`. */
  readonly name: string;
  readonly concurrency: number;
  readonly unit: RateUnit;
  readonly producers: ProducersPlan | undefined;
  readonly workers: WorkersPlan | undefined;
  /** Tasks that wait before anybody works. */
  readonly prefill: number;
  /** `drain`: workers go on until nothing waits, for a while. `leave`: what waits in the end stays. */
  readonly afterwards: "drain" | "leave";
  /** The rate is meant to be the most that workers can take: a queue that runs empty spoils it. */
  readonly workerCeiling: boolean;
}

export interface ProducersPlan {
  readonly via: Via;
  readonly slots: number;
  readonly batch: number;
  readonly ratePerSecond: number | undefined;
  readonly delays: { readonly share: number; readonly secondsMax: number } | undefined;
}

export interface WorkersPlan {
  readonly via: Via;
  readonly slots: number;
  readonly batch: number;
}

/** Long enough for no lease to end while it is measured. */
export const LEASE_SECONDS = 300;
