import type { Parameters } from "../result.ts";

/** What all runs of a bench have in common. */
export interface RunSettings {
  readonly parameters: Parameters;
  /** Where data directories are made. */
  readonly dataPlace: string;
  readonly token: string;
  /** More flags for our own server. */
  readonly serverFlags: readonly string[];
  /** Our own server logs its collections, and its heap is counted before and after the window. */
  readonly watchesGarbage: boolean;
  /** The ports of a running server to measure in place of our own. */
  readonly target: TargetPorts | undefined;
  /** Where the profiles of our own server go; undefined for none. */
  readonly profileDir: string | undefined;
  /** Aborted when the user wants no more. */
  readonly signal: AbortSignal;
  readonly watch: RunWatch;
}

export interface TargetPorts {
  readonly httpUrl: string;
  readonly producerUrl: string;
  readonly workerUrl: string;
}

/** Is told how a run gets on. */
export interface RunWatch {
  /** What the run does now. */
  readonly phase: (phase: RunPhase) => void;
  /** Several times a second while it is measured. */
  readonly progress: (progress: Progress) => void;
}

export type RunPhase = "starting" | "filling" | "warming up" | "measuring" | "draining" | "checking";

export interface Progress {
  /** Since the one before, in the unit of the point. */
  readonly perSecond: number;
  /** Of end-to-end latencies since the one before; undefined when there were none. */
  readonly p99Ms: number | undefined;
  /** Tasks created and not delivered. */
  readonly depth: number;
  readonly leftMs: number;
}
