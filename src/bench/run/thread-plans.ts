import type { LoadPlan, ProducerPlan, WorkerPlan } from "../load/load-plan.ts";
import type { BenchServer } from "./bench-server.ts";
import { LEASE_SECONDS, type PointPlan } from "./point-plan.ts";
import type { RunSettings } from "./run-settings.ts";

type ThreadPlan = Omit<LoadPlan, "counts" | "thread">;

export interface PlanOptions {
  readonly plan: PointPlan;
  readonly settings: RunSettings;
  readonly server: BenchServer;
  readonly seed: number;
  readonly rows: SharedArrayBuffer;
  readonly originMs: number;
}

/** Deals the slots of a point out to the load threads, as evenly as it goes. */
export function threadPlans(options: PlanOptions): readonly ThreadPlan[] {
  const { plan, settings } = options;
  const { threads } = settings.parameters;
  const plans = Array.from({ length: threads }, (_, index) => ({
    ...commonOf(options),
    producers: producerShare(plan.producers, threads, index),
    // From the other end, so that one producer and one worker do not share a thread while another one idles.
    workers: workerShare(plan.workers, threads, threads - 1 - index),
  }));
  return plans.filter(({ producers, workers }) => producers !== undefined || workers !== undefined);
}

/** One thread that makes the tasks which shall wait, as fast as it can. */
export function fillPlan(options: PlanOptions): ThreadPlan {
  const producers: ProducerPlan = {
    via: "stream",
    slots: 32,
    batch: 100,
    ratePerSecond: undefined,
    tasksMax: options.plan.prefill,
    delays: undefined,
  };
  return { ...commonOf(options), producers, workers: undefined };
}

function commonOf({
  plan,
  settings,
  server,
  seed,
  rows,
  originMs,
}: PlanOptions): Omit<ThreadPlan, "producers" | "workers"> {
  const { payloadBytes } = settings.parameters;
  return {
    endpoints: server.endpoints,
    token: settings.token,
    command: server.command,
    payloadBytes,
    originMs,
    seed,
    prefilled: plan.prefill,
    rows,
  };
}

function producerShare(producers: PointPlan["producers"], threads: number, index: number): ProducerPlan | undefined {
  if (producers === undefined) return undefined;
  const slots = shareOf(producers.slots, threads, index);
  if (slots === 0) return undefined;
  const { ratePerSecond: rate } = producers;
  const sharing = Math.min(threads, producers.slots);
  return { ...producers, slots, tasksMax: undefined, ratePerSecond: rate === undefined ? undefined : rate / sharing };
}

function workerShare(workers: PointPlan["workers"], threads: number, index: number): WorkerPlan | undefined {
  if (workers === undefined) return undefined;
  const slots = shareOf(workers.slots, threads, index);
  return slots === 0 ? undefined : { ...workers, slots, leaseSeconds: LEASE_SECONDS };
}

/** The first ones get one more where it does not come out even. */
function shareOf(slots: number, threads: number, index: number): number {
  return Math.floor(slots / threads) + (index < slots % threads ? 1 : 0);
}
