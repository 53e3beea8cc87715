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
  /** How many tasks are meant to wait all the time; undefined when it does not matter. */
  readonly depth?: number;
  /** The server is stopped and started again between the fill and the load, to see how long a start takes. */
  readonly restarts?: true;
  /** The rate is meant to be the most that workers can take: a queue that runs empty spoils it. */
  readonly workerCeiling: boolean;
}

export interface ProducersPlan {
  readonly via: Via;
  readonly slots: number;
  readonly batch: number;
  readonly ratePerSecond: number | undefined;
  readonly delays: { readonly share: number; readonly secondsMax: number } | undefined;
  /** Slots of a closed loop pause while so many tasks wait. */
  readonly depthMax?: number;
}

export interface WorkersPlan {
  readonly via: Via;
  readonly slots: number;
  readonly batch: number;
}

/** Long enough for no lease to end while it is measured. */
export const LEASE_SECONDS = 300;
