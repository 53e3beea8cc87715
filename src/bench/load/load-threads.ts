import { Worker } from "node:worker_threads";
import { isCompiled } from "../target/own-command.ts";
import { type LiveCount, LiveCounts } from "./live-counts.ts";
import type { Answer, LoadPlan, Order, ThreadReport } from "./load-plan.ts";

type ThreadPlan = Omit<LoadPlan, "counts" | "thread">;

/** The load threads of one run, obeying in step. */
export class LoadThreads implements AsyncDisposable {
  readonly counts: readonly LiveCounts[];
  /** Rejects as soon as a thread cannot go on; never resolves. */
  readonly failure: Promise<never>;
  readonly #threads: readonly LoadThread[];
  readonly #plans: readonly LoadPlan[];

  constructor(plans: readonly ThreadPlan[]) {
    this.#plans = plans.map((plan, thread) => ({ ...plan, thread, counts: new SharedArrayBuffer(LiveCounts.bytes) }));
    this.counts = this.#plans.map(({ counts }) => new LiveCounts(counts));
    this.#threads = plans.map(() => new LoadThread());
    this.failure = Promise.race(this.#threads.map(({ failure }) => failure));
    // It is waited for now and then only.
    this.failure.catch(() => undefined);
  }

  /** Over all threads, so far. */
  sum(count: LiveCount): number {
    return this.counts.reduce((total, counts) => total + counts.get(count), 0);
  }

  async connect(): Promise<void> {
    await Promise.all(
      this.#plans.map(async (plan, index) => this.#threads[index]?.ask({ kind: "connect", plan }, "connected")),
    );
  }

  /** @param startUs on the run's clock; threads of an open model take turns */
  produce(startUs: number): void {
    for (const [index, thread] of this.#threads.entries())
      thread.order({ kind: "produce", atUs: this.#turnUs(index, startUs) });
  }

  /** Resolves once all creates of a bounded number are acknowledged. */
  async produceAll(startUs: number): Promise<void> {
    await this.#askAll({ kind: "produce-all", atUs: startUs }, "produced");
  }

  work(): void {
    for (const thread of this.#threads) thread.order({ kind: "work" });
  }

  async stopProducing(withinMs: number): Promise<void> {
    await this.#askAll({ kind: "stop-producing", withinMs }, "produced");
  }

  async finish(withinMs: number): Promise<readonly ThreadReport[]> {
    const answers = await this.#askAll({ kind: "finish", withinMs }, "finished");
    return answers.flatMap((answer) => (answer.kind === "finished" ? [answer.report] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  #turnUs(index: number, startUs: number): number {
    const rate = this.#plans[index]?.producers?.ratePerSecond;
    return rate === undefined ? startUs : startUs + (index * 1e6) / (rate * this.#threads.length);
  }

  #askAll(order: Order, expected: Answer["kind"]): Promise<Answer[]> {
    return Promise.all(this.#threads.map((thread) => thread.ask(order, expected)));
  }
}

class LoadThread {
  readonly failure: Promise<never>;
  readonly #worker = new Worker(THREAD_FILE);
  #expected: { readonly kind: Answer["kind"]; readonly resolve: (answer: Answer) => void } | undefined;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    this.failure = promise;
    // Failures that nobody waits for right now are seen by the next who does.
    promise.catch(() => undefined);
    this.#worker.on("message", (answer: Answer) => {
      if (answer.kind === "failed") reject(new LoadFailure(answer.reason));
      else if (answer.kind === this.#expected?.kind) this.#expected.resolve(answer);
    });
    // Without this a worker that throws, or that cannot be loaded, would fail without a word.
    this.#worker.on("error", (error) => reject(new LoadFailure(`a load thread failed: ${String(error)}`)));
    this.#worker.on("exit", (code) => reject(new LoadFailure(`a load thread ended with code ${code}`)));
  }

  order(order: Order): void {
    this.#worker.postMessage(order);
  }

  ask(order: Order, kind: Answer["kind"]): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#expected = { kind, resolve };
    this.order(order);
    return Promise.race([promise, this.failure]);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Within a compiled executable, entry points lie as they do below `src`; `scripts/build.ts` lists them. */
const THREAD_FILE = isCompiled()
  ? new URL("./bench/load/load-thread.js", import.meta.url)
  : new URL("./load-thread.ts", import.meta.url);

/** The generator could not go on: the connection it measures through is gone, or it has a bug. */
export class LoadFailure extends Error {
  override readonly name = "LoadFailure";
}
