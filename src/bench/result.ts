import type { HistogramData } from "./histogram.ts";

/** Goes up when a reader of older files would misunderstand newer ones. */
export const RESULT_VERSION = 1;

/**
 * Everything `codeq bench` found out, as `--json` writes it. Plain data: run → points of the sweep → repeats of a point.
 * Times are ISO 8601 in UTC, durations and sizes carry their unit in their name.
 */
export interface BenchResult {
  readonly format: "codeq-bench";
  readonly version: typeof RESULT_VERSION;
  readonly scenario: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** `interrupted`: stopped by a signal; what is here was measured in full before that. */
  readonly outcome: "complete" | "interrupted";
  readonly parameters: Parameters;
  readonly machine: Machine;
  readonly build: Build;
  /** In the order of the sweep, whatever order they ran in. */
  readonly points: readonly Point[];
  /** Of a sweep over concurrency with all points valid. */
  readonly plateau: Plateau | undefined;
  /** Over all points: `invalid` when any run is, else `partial` when interrupted. */
  readonly verdict: "valid" | "invalid" | "partial";
}

/** What the run was asked for. Two runs compare only when these agree. */
export interface Parameters {
  /** Undefined when a running server was measured: it does not tell. */
  readonly shards: number | undefined;
  /** Tasks a worker asks for at a time. */
  readonly batch: number;
  /** Tasks in one message of a producer. */
  readonly producerBatch: number;
  readonly concurrency: readonly number[];
  readonly producers: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly payloadBytes: number;
  readonly durability: "off" | "normal" | "full";
  /** Arrivals per second of an open model; undefined when each producer waits for its answers (closed). */
  readonly ratePerSecond: number | undefined;
  readonly repeat: number;
  readonly seed: number;
  /** Load threads. */
  readonly threads: number;
  /** Tasks waiting before the window begins. */
  readonly prefill: number;
  /** Further flags of `codeq serve`, with spaces between. */
  readonly serverFlags: string | undefined;
  /** The running server that was measured instead of one of our own. */
  readonly target: string | undefined;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Name and release. */
  readonly kernel: string;
  readonly architecture: string;
  /** Of the data directory, such as ext4; undefined with a target elsewhere. */
  readonly fileSystem: string | undefined;
  /** Median time to make 4 KiB durable in the data directory. */
  readonly fsyncMs: number | undefined;
}

export interface Build {
  readonly version: string;
  readonly commit: string;
  readonly bun: string;
  readonly sqlite: string;
  /** SHA-256 of the executable, or undefined when running from the sources. */
  readonly binarySha256: string | undefined;
  /** What the measured server said at `/version`. */
  readonly serverVersion: string;
  readonly serverCommit: string;
}

/** One step of a sweep, or one side of a comparison; measured `repeat` times on a fresh server each. */
export interface Point {
  /** Such as `c=32` or `STREAM-BATCH`; unique within the result. */
  readonly name: string;
  readonly concurrency: number;
  /** `tasks/s` counts results acknowledged, `creates/s` creates acknowledged, `claims/s` deliveries. */
  readonly unit: RateUnit;
  readonly runs: readonly Run[];
  /** Over the valid runs; undefined when there is none. */
  readonly rate: Spread | undefined;
}

export type RateUnit = "tasks/s" | "creates/s" | "claims/s";

export interface Spread {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** One measurement on one server. */
export interface Run {
  readonly startedAt: string;
  readonly seed: number;
  readonly verdict: RunVerdict;
  /** Undefined unless the verdict is `valid`: a wrong run has no numbers. */
  readonly measures: Measures | undefined;
}

export interface RunVerdict {
  /** `broken`: the ledger found a broken promise. `unusable`: nothing was broken, but nothing was measured either. */
  readonly kind: "valid" | "broken" | "unusable" | "server-died" | "interrupted";
  /** For people: one line each. Empty when valid. */
  readonly reasons: readonly string[];
  /** What was looked at to come to the verdict. */
  readonly checked: LedgerSums;
}

/** Over the whole run, warm-up and drain included, as the clients saw it. */
export interface LedgerSums {
  readonly creates: number;
  readonly createsAcked: number;
  readonly deliveries: number;
  readonly resultsAcked: number;
  /** Tasks that still wait at the server, as it should be: more were made than taken. */
  readonly stillQueued: number;
  /** Delivered, and without an acknowledged result when the run ended. */
  readonly unfinished: number;
  /** Tasks whose stored state was read back. */
  readonly readBack: number;
  /** Tasks that went through the checker operation by operation; all others were checked in sum and by state. */
  readonly replayed: number;
}

/** Within the window: without warm-up and drain. */
export interface Measures {
  readonly windowMs: number;
  readonly created: number;
  readonly delivered: number;
  /** Results that the server acknowledged. */
  readonly completed: number;
  /** In the unit of the point. */
  readonly rate: number;
  readonly loop: "open" | "closed";
  readonly latencies: Readonly<Partial<Record<LatencyName, Latency>>>;
  /** One entry for each second, or part of it, of the window. */
  readonly series: readonly Moment[];
  readonly generator: Generator;
  /** Undefined when the server is not ours to look at. */
  readonly server: ServerCosts | undefined;
  /** What only one scenario measures, such as `lateness p99`; in the order to show them. */
  readonly extras: readonly Extra[];
  /** Remarks a reader must see beside the rate, such as that the queue ran empty. */
  readonly notes: readonly Note[];
}

/**
 * `createAck`: from the (intended) start of a create to its acknowledgement. `queueWait`: from the acknowledgement to
 * the delivery. `claim`: from the moment a task and a claim that waited were both there to the delivery. `resultAck`:
 * from sending a result to its acknowledgement. `endToEnd`: from the (intended) start of the create to the acknowledged
 * result. `service`: as createAck, from the actual start; only in an open model. `lateness`: from the due time of a
 * delayed task to its delivery.
 */
export type LatencyName = "createAck" | "queueWait" | "claim" | "resultAck" | "endToEnd" | "service" | "lateness";

export interface Latency {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** In microseconds. Merge these, never percentiles. */
  readonly histogram: HistogramData;
}

export interface Moment {
  /** Since the start of the window, at the end of this moment. */
  readonly atMs: number;
  readonly createdPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly completedPerSecond: number;
  /** Tasks that were made and not completed at that time. */
  readonly depth: number;
  /** Of the end-to-end latency of this moment, or of the create's where nothing is completed. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** What the load threads themselves took, and whether they kept up. */
export interface Generator {
  /** An open model that started too late too often, or skipped arrivals; the rate is the generator's, not the server's. */
  readonly limited: boolean;
  readonly cpuSeconds: number;
  /** Open model only: how late creates were started. */
  readonly lag: Latency | undefined;
  /** Open model only: arrivals that were not made since too many were under way. */
  readonly skippedArrivals: number;
}

export interface ServerCosts {
  readonly cpuSeconds: number;
  /** For a million tasks of the point's unit. */
  readonly cpuSecondsPerMillion: number;
  readonly rssBytesPeak: number;
  /** Of the data directory at the end. */
  readonly diskBytes: number;
  readonly commits: number | undefined;
  /** Changes in one commit, on average. */
  readonly operationsPerCommit: number | undefined;
  readonly commitMsMean: number | undefined;
  /** How late the timers of the server's main thread were. */
  readonly loopDelayMsP99: number | undefined;
  readonly loopDelayMsMax: number | undefined;
}

export interface Extra {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export interface Note {
  readonly kind: "queue-ran-empty" | "overloaded" | "generator-limited" | "shallow" | "warning";
  readonly text: string;
}

export interface Plateau {
  /** The points whose rate is within a tenth of the best. */
  readonly fromConcurrency: number;
  readonly toConcurrency: number;
  /** Median of their rates. */
  readonly rate: number;
  readonly unit: RateUnit;
}
