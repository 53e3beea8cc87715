import { Registry } from "prom-client";
import { BucketHistogram, LATENCY_BOUNDS_SECONDS } from "./metrics/bucket-histogram.ts";
import { CommandLabels } from "./metrics/command-labels.ts";
import { CommandMetrics } from "./metrics/command-metrics.ts";
import { DepthMetrics } from "./metrics/depth-metrics.ts";
import { type Family, register } from "./metrics/family.ts";
import { heapFamilies } from "./metrics/heap-metrics.ts";
import { processFamilies, single } from "./metrics/process-metrics.ts";
import { RequestMetrics } from "./metrics/request-metrics.ts";
import { StoreMetrics, type StoreSources } from "./metrics/store-metrics.ts";
import { StreamMetrics } from "./metrics/stream-metrics.ts";
import { webhookFamilies } from "./metrics/webhook-metrics.ts";
import type { QueueObserver } from "./queue/observer.ts";
import type { LaneStats } from "./queue/store.ts";

/** What is asked when somebody scrapes. */
export interface MetricSources extends StoreSources {
  readonly stats: () => Promise<readonly LaneStats[]>;
  readonly waiting: () => { readonly claims: number; readonly results: number };
  /** How far the wall clock is ahead of the server's, in milliseconds. */
  readonly wallAheadMs: () => number;
}

export interface MetricsOptions {
  readonly version: string;
  readonly commit: string;
  readonly durability: string;
  readonly startedMs: number;
  readonly commandLabelsMax: number;
  readonly diskReserveBytes: number;
}

const COMMIT_BOUNDS_SECONDS = [0.0001, 0.00025, 0.0005, ...LATENCY_BOUNDS_SECONDS.filter((bound) => bound <= 10)];
const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** Everything `/metrics` shows. Counting happens in the course of the work, everything else when somebody scrapes. */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly streams = new StreamMetrics();
  readonly store: StoreMetrics;
  readonly #registry = new Registry();
  readonly #commands: CommandMetrics;
  readonly #depth: DepthMetrics;
  readonly #commitSeconds = new BucketHistogram(COMMIT_BOUNDS_SECONDS);
  readonly #commitOperations = new BucketHistogram(BATCH_BOUNDS);
  readonly #loopDelay = new BucketHistogram(LATENCY_BOUNDS_SECONDS.filter((bound) => bound <= 10));
  /** While it is being made. */
  #page: Promise<string> | undefined;
  #scrapes = 0;
  #scraping = 0;
  #sources: MetricSources | undefined;

  constructor(options: MetricsOptions) {
    const labels = new CommandLabels(options.commandLabelsMax);
    this.#commands = new CommandMetrics(labels);
    this.#depth = new DepthMetrics(labels);
    this.store = new StoreMetrics(options.diskReserveBytes);
    const families = [
      ...this.#commands.families(),
      ...this.#depth.families(),
      ...this.requests.families(),
      ...this.streams.families(),
      ...this.store.families(),
      ...webhookFamilies(),
      ...this.#serverFamilies(options),
      ...processFamilies(options.startedMs),
      ...heapFamilies(),
    ];
    for (const family of families) register(this.#registry, family);
  }

  get observer(): QueueObserver {
    return this.#commands;
  }

  /** Until this is called the gauges that need the queue are missing: the queue is built with `observer` first. */
  attach(sources: MetricSources): void {
    this.#sources = sources;
    this.store.attach(sources);
  }

  /** @param operations changes that shared the commit */
  committed(operations: number, seconds: number): void {
    this.#commitOperations.observe(operations);
    this.#commitSeconds.observe(seconds);
  }

  /** How late a timer was, in seconds. */
  loopDelayed(seconds: number): void {
    this.#loopDelay.observe(seconds);
  }

  /**
   * The text a Prometheus server scrapes; who asks meanwhile shares it. A store in trouble takes its gauges away, not
   * the page.
   */
  async text(): Promise<string> {
    this.#scraping += 1;
    try {
      this.#page ??= this.#collect();
      return await this.#page;
    } finally {
      this.#page = undefined;
      this.#scraping -= 1;
      this.#scrapes += 1;
    }
  }

  async #collect(): Promise<string> {
    this.#depth.update((await this.#sources?.stats().catch(() => [])) ?? []);
    return await this.#registry.metrics();
  }

  #serverFamilies({ version, commit, durability }: MetricsOptions): Family[] {
    const histogram = (name: string, help: string, values: BucketHistogram): Family => {
      return { name, help, type: "histogram", collect: () => values.samples(name, {}) };
    };
    return [
      histogram("codeq_commit_duration_seconds", "Time a commit to disk took", this.#commitSeconds),
      histogram("codeq_commit_operations", "Tasks that one commit changed", this.#commitOperations),
      histogram("codeq_event_loop_delay_seconds", "How late timers of the main thread are", this.#loopDelay),
      {
        name: "codeq_waiters",
        help: "Requests that wait for a task or a result",
        type: "gauge",
        collect: () => {
          const waiting = this.#sources?.waiting() ?? { claims: 0, results: 0 };
          return (["claims", "results"] as const).map((kind) => ({ labels: { kind }, value: waiting[kind] }));
        },
      },
      single("codeq_clock_offset_seconds", "How far the wall clock is ahead of the server's", "gauge", () => {
        return (this.#sources?.wallAheadMs() ?? 0) / 1000;
      }),
      {
        name: "codeq_info",
        help: "What runs here; always 1",
        type: "gauge",
        collect: () => [{ labels: { version, commit, durability }, value: 1 }],
      },
      single("promhttp_metric_handler_requests_in_flight", "Scrapes being answered", "gauge", () => this.#scraping),
      {
        name: "promhttp_metric_handler_requests_total",
        help: "Scrapes answered",
        type: "counter",
        collect: () => [{ labels: { code: "200" }, value: this.#scrapes }],
      },
    ];
  }
}
