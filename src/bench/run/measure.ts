import { Histogram } from "../histogram.ts";
import type { Unsent } from "../load/load-plan.ts";
import { CREATE, RESULT, ROW, type TaskRows } from "../load/task-rows.ts";
import type { Latency, LatencyName, Moment } from "../result.ts";

export interface Window {
  /** On the run's clock. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly loop: "open" | "closed";
}

export interface WindowMeasures {
  readonly created: number;
  readonly delivered: number;
  readonly completed: number;
  readonly latencies: Readonly<Partial<Record<LatencyName, Latency>>>;
  readonly series: readonly Moment[];
  /** Fewest tasks that waited at the end of a moment. */
  readonly depthMin: number;
}

/**
 * What the rows of a run say about its window. What happened counts when it happened. A latency belongs to the window in
 * which its operation ended; in an open model to the one it was meant to start in, so that a stall hides nothing, and
 * creates that were not even sent by the end count with the time they had waited.
 */
export function measureWindow(rows: TaskRows, window: Window, unsent: readonly Unsent[] = []): WindowMeasures {
  const tally = new WindowTally(window);
  for (const row of unsent) addUnsent(tally, row);
  for (let tag = 0; tag < rows.size; tag += 1) addTask(tally, rows, tag, window.loop === "open");
  return tally.measures();
}

function addUnsent(tally: WindowTally, { count, firstUs, stepUs, untilUs }: Unsent): void {
  for (let index = 0; index < count; index += 1) {
    const intendedUs = firstUs + index * stepUs;
    tally.latency("createAck", intendedUs, untilUs - intendedUs);
    tally.latency("endToEnd", intendedUs, untilUs - intendedUs);
  }
}

function addTask(tally: WindowTally, rows: TaskRows, tag: number, open: boolean): void {
  const time = (word: 0 | 1 | 2 | 3 | 4 | 5 | 6): number => rows.time(tag, word);
  const [intended, createInvoke, createDone] = [time(ROW.intended), time(ROW.createInvoke), time(ROW.createDone)];
  const acked = rows.value(tag, ROW.create) === CREATE.acked;
  const delayUs = rows.value(tag, ROW.delayMs) * 1000;
  const place = (endUs: number): number => (open ? intended : endUs);
  if (acked) {
    tally.happened("created", createDone);
    tally.latency("createAck", place(createDone), createDone - intended);
    if (open) tally.latency("service", place(createDone), createDone - createInvoke);
  }
  if (rows.value(tag, ROW.deliveries) === 0) return;
  const [claimInvoke, deliverDone] = [time(ROW.claimInvoke), time(ROW.deliverDone)];
  tally.happened("delivered", deliverDone);
  // When the task was there to be had: the bench knows of its creation for certain when that is acknowledged.
  const there = delayUs > 0 ? createDone + delayUs : createDone;
  if (acked) tally.latency("queueWait", place(deliverDone), deliverDone - there);
  tally.latency("claim", place(deliverDone), deliverDone - Math.max(claimInvoke, createInvoke + delayUs));
  if (delayUs > 0) tally.latency("lateness", place(deliverDone), deliverDone - createInvoke - delayUs);
  if (rows.value(tag, ROW.result) !== RESULT.acked) return;
  const resultDone = time(ROW.resultDone);
  tally.happened("completed", resultDone);
  tally.latency("resultAck", place(resultDone), resultDone - time(ROW.resultInvoke));
  tally.latency("endToEnd", place(resultDone), resultDone - intended - delayUs);
}

type Happening = "created" | "delivered" | "completed";

/** Sums up a window, and each second of it. */
class WindowTally {
  readonly #window: Window;
  readonly #seconds: number;
  readonly #histograms = new Map<LatencyName, Histogram>();
  readonly #happened: Readonly<Record<Happening, Float64Array>>;
  readonly #before: Record<Happening, number> = { created: 0, delivered: 0, completed: 0 };
  readonly #momentLatencies: Readonly<Record<"createAck" | "endToEnd", readonly Histogram[]>>;

  constructor(window: Window) {
    this.#window = window;
    this.#seconds = Math.max(1, Math.ceil((window.toUs - window.fromUs) / MOMENT_US));
    const counts = (): Float64Array => new Float64Array(this.#seconds);
    this.#happened = { created: counts(), delivered: counts(), completed: counts() };
    const histograms = (): Histogram[] => Array.from({ length: this.#seconds }, () => new Histogram());
    this.#momentLatencies = { createAck: histograms(), endToEnd: histograms() };
  }

  happened(what: Happening, atUs: number): void {
    const { fromUs, toUs } = this.#window;
    if (atUs < fromUs) this.#before[what] += 1;
    if (atUs < fromUs || atUs >= toUs) return;
    const second = Math.floor((atUs - fromUs) / MOMENT_US);
    const counts = this.#happened[what];
    counts[second] = (counts[second] ?? 0) + 1;
  }

  /** @param atUs decides whether it belongs to the window */
  latency(name: LatencyName, atUs: number, us: number): void {
    const { fromUs, toUs } = this.#window;
    if (atUs < fromUs || atUs >= toUs) return;
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#histograms.set(name, histogram);
    }
    histogram.record(us);
    if (name !== "createAck" && name !== "endToEnd") return;
    this.#momentLatencies[name][Math.floor((atUs - fromUs) / MOMENT_US)]?.record(us);
  }

  measures(): WindowMeasures {
    const sum = (what: Happening): number => this.#happened[what].reduce((total, count) => total + count, 0);
    const latencies = Object.fromEntries([...this.#histograms].map(([name, one]) => [name, latencyOf(one)]));
    const series = this.#series();
    const depthMin = Math.min(...this.#waiting());
    return {
      created: sum("created"),
      delivered: sum("delivered"),
      completed: sum("completed"),
      latencies,
      series,
      depthMin,
    };
  }

  #series(): Moment[] {
    const { fromUs, toUs } = this.#window;
    let depth = this.#before.created - this.#before.completed;
    return Array.from({ length: this.#seconds }, (_, second) => {
      const endUs = Math.min((second + 1) * MOMENT_US, toUs - fromUs);
      const seconds = (endUs - second * MOMENT_US) / 1e6;
      const [created, delivered, completed] = (["created", "delivered", "completed"] as const).map(
        (what) => this.#happened[what][second] ?? 0,
      );
      depth += (created ?? 0) - (completed ?? 0);
      const ends = this.#momentLatencies.endToEnd[second];
      const latency = ends !== undefined && ends.total > 0 ? ends : this.#momentLatencies.createAck[second];
      const at = (share: number): number | undefined =>
        latency === undefined || latency.total === 0 ? undefined : latency.quantile(share) / 1000;
      return {
        atMs: endUs / 1000,
        createdPerSecond: (created ?? 0) / seconds,
        deliveredPerSecond: (delivered ?? 0) / seconds,
        completedPerSecond: (completed ?? 0) / seconds,
        depth: Math.max(0, depth),
        p50Ms: at(0.5),
        p99Ms: at(0.99),
      };
    });
  }

  /** How many waited to be delivered at the end of each second. */
  #waiting(): number[] {
    let waiting = this.#before.created - this.#before.delivered;
    return Array.from({ length: this.#seconds }, (_, second) => {
      waiting += (this.#happened.created[second] ?? 0) - (this.#happened.delivered[second] ?? 0);
      return waiting;
    });
  }
}

const MOMENT_US = 1e6;

/** @param histogram of microseconds */
export function latencyOf(histogram: Histogram): Latency {
  const at = (share: number): number => histogram.quantile(share) / 1000;
  return {
    count: histogram.total,
    meanMs: histogram.mean / 1000,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: histogram.max / 1000,
    histogram: histogram.data(),
  };
}
