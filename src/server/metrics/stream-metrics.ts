import { BucketHistogram } from "./bucket-histogram.ts";
import type { Family, Sample } from "./family.ts";

const DIRECTIONS = ["producer", "worker"] as const;
const KINDS = ["create", "result", "assignment"] as const;
const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

type Direction = (typeof DIRECTIONS)[number];

/** What the open streams of one direction amount to right now. */
export interface StreamCounts {
  readonly open: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** Counts what passes through the streams. */
export class StreamMetrics {
  readonly #batches: Readonly<Record<(typeof KINDS)[number], BucketHistogram>> = {
    create: new BucketHistogram(BATCH_BOUNDS),
    result: new BucketHistogram(BATCH_BOUNDS),
    assignment: new BucketHistogram(BATCH_BOUNDS),
  };
  /** By direction, by reason. */
  readonly #ended: Readonly<Record<Direction, Map<string, number>>> = { producer: new Map(), worker: new Map() };
  #counts: ((direction: Direction) => StreamCounts) | undefined;

  /** Until this is called the gauges are missing. */
  attach(counts: (direction: Direction) => StreamCounts): void {
    this.#counts = counts;
  }

  /** @param items handled, or handed out, together */
  batch(kind: (typeof KINDS)[number], items: number): void {
    this.#batches[kind].observe(items);
  }

  /** @param reason one of a few */
  ended(direction: Direction, reason: string): void {
    const tally = this.#ended[direction];
    tally.set(reason, (tally.get(reason) ?? 0) + 1);
  }

  families(): Family[] {
    return [
      this.#gauge("codeq_streams_open", "Open gRPC streams", (counts) => counts.open),
      this.#gauge("codeq_stream_in_flight", "Requests on streams without an answer", (counts) => counts.inFlight),
      this.#gauge("codeq_stream_readys_waiting", "Readys that wait for tasks", (counts) => counts.waiting),
      {
        name: "codeq_streams_ended_total",
        help: "gRPC streams that ended or were refused, by reason",
        type: "counter",
        collect: () =>
          DIRECTIONS.flatMap((direction) =>
            Array.from(this.#ended[direction], ([reason, value]) => ({ labels: { direction, reason }, value })),
          ),
      },
      {
        name: BATCH_ITEMS,
        help: "Tasks created, results taken and tasks handed out together on a stream",
        type: "histogram",
        collect: () => KINDS.flatMap((kind) => this.#batches[kind].samples(BATCH_ITEMS, { kind })),
      },
    ];
  }

  #gauge(name: string, help: string, value: (counts: StreamCounts) => number): Family {
    const collect = (): Sample[] => {
      const countsOf = this.#counts;
      if (countsOf === undefined) return [];
      return DIRECTIONS.map((direction) => ({ labels: { direction }, value: value(countsOf(direction)) }));
    };
    return { name, help, type: "gauge", collect };
  }
}

const BATCH_ITEMS = "codeq_stream_batch_items";
