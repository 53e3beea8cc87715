import type { HistogramData } from "../histogram.ts";
import type { Irregular } from "./irregulars.ts";

/** What one load thread does. Plain data: it is posted to the thread. */
export interface LoadPlan {
  readonly endpoints: Endpoints;
  readonly token: string;
  readonly command: string;
  readonly payloadBytes: number;
  /** Milliseconds since the epoch: where the run's clock starts. */
  readonly originMs: number;
  readonly seed: number;
  /** Tags below it were made before the load began. */
  readonly prefilled: number;
  readonly rows: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
  /** Distinguishes the workers of several threads. */
  readonly thread: number;
  readonly producers: ProducerPlan | undefined;
  readonly workers: WorkerPlan | undefined;
}

/** Where the server's public ports are. */
export interface Endpoints {
  readonly httpUrl: string;
  readonly producerUrl: string;
  readonly workerUrl: string;
}

export type Via = "stream" | "rest";

export interface ProducerPlan {
  readonly via: Via;
  /** Messages or requests that are under way at a time. */
  readonly slots: number;
  /** Tasks in each. */
  readonly batch: number;
  /** Arrivals per second of an open model; undefined for a closed one. */
  readonly ratePerSecond: number | undefined;
  /** Tasks this thread creates before it stops by itself; undefined for as long as it takes. */
  readonly tasksMax: number | undefined;
  /** Slots of a closed loop pause while so many tasks wait. */
  readonly depthMax?: number;
  /** Some tasks are delayed by a whole number of seconds, from 1 on. */
  readonly delays: { readonly share: number; readonly secondsMax: number } | undefined;
}

export interface WorkerPlan {
  readonly via: Via;
  /** Claims that are under way, or being worked on, at a time. */
  readonly slots: number;
  /** Tasks asked for by each. */
  readonly batch: number;
  readonly leaseSeconds: number;
}

/** From the main thread. */
export type Order =
  | { readonly kind: "connect"; readonly plan: LoadPlan }
  | { readonly kind: "produce"; readonly atUs: number }
  | { readonly kind: "work" }
  /** Like produce, for a bounded number of creates; answered once all are acknowledged. */
  | { readonly kind: "produce-all"; readonly atUs: number }
  /** No new creates; those under way are waited for. */
  | { readonly kind: "stop-producing"; readonly withinMs: number }
  /** No new claims; what was delivered is finished, then the streams are closed in peace. */
  | { readonly kind: "finish"; readonly withinMs: number };

/** To the main thread. */
export type Answer =
  | { readonly kind: "connected" }
  | { readonly kind: "produced" }
  | { readonly kind: "finished"; readonly report: ThreadReport }
  | { readonly kind: "failed"; readonly reason: string };

/** A row of creates, evenly spaced in time; microseconds on the run's clock. */
export interface Unsent {
  readonly count: number;
  /** When the first of them should have started. */
  readonly firstUs: number;
  readonly stepUs: number;
  /** How long they had waited by then is all that is known of them. */
  readonly untilUs: number;
}

export interface ThreadReport {
  readonly irregulars: readonly Irregular[];
  readonly irregularsTotal: number;
  /** Processor time of the thread, as near as it can be told. */
  readonly cpuSeconds: number;
  /** How late creates of an open model were noticed to be due, in microseconds. */
  readonly lag: HistogramData | undefined;
  /** Open model: creates that were due when the load ended and had not been sent. */
  readonly unsent: Unsent | undefined;
  /** How often each kind of request got each HTTP status, such as `create 202`. */
  readonly answers: ReadonlyMap<string, number>;
  /** Creates and results without an answer. */
  readonly unanswered: number;
}
