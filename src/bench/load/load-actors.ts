import type { CreateCarrier, Worker } from "./carriers.ts";
import type { LoadPlan, ThreadReport } from "./load-plan.ts";
import { Producer } from "./producer.ts";
import { RestCreates } from "./rest-creates.ts";
import { RestWorker } from "./rest-worker.ts";
import { StreamCreates } from "./stream-creates.ts";
import { StreamWorker } from "./stream-worker.ts";
import { TaskBook } from "./task-book.ts";

/** The producers and workers of one load thread. */
export class LoadActors {
  readonly #book: TaskBook;
  readonly #producer: Producer | undefined;
  readonly #carrier: CreateCarrier | undefined;
  readonly #worker: Worker | undefined;

  /** @param failed something ended that should not; nothing that is measured from then on counts */
  constructor(plan: LoadPlan, failed: (reason: string) => void) {
    this.#book = new TaskBook(plan);
    const { producers, workers } = plan;
    if (producers !== undefined) {
      const producer = new Producer(producers, this.#book);
      const delays = producers.delays === undefined ? undefined : { ...producers.delays, seed: plan.seed };
      const events = { answered: () => producer.answered(), failed };
      const options = { plan, delays, asBatch: producers.batch > 1, book: this.#book, events };
      this.#producer = producer;
      this.#carrier =
        producers.via === "stream" ? new StreamCreates(options) : new RestCreates(options, producers.slots);
    }
    if (workers !== undefined) {
      const options = { plan, workers, book: this.#book, events: { failed } };
      this.#worker = workers.via === "stream" ? new StreamWorker(options) : new RestWorker(options);
    }
  }

  async connect(): Promise<void> {
    await Promise.all([this.#carrier?.connect(), this.#worker?.connect()]);
  }

  /** @param atUs when an open model's first create should start */
  produce(atUs: number): void {
    if (this.#carrier !== undefined) this.#producer?.start(this.#carrier, atUs);
  }

  /** Resolves once a bounded number of creates is made. */
  async produced(): Promise<void> {
    await this.#producer?.done();
  }

  work(): void {
    this.#worker?.start();
  }

  async stopProducing(withinMs: number): Promise<void> {
    await this.#producer?.stop(withinMs);
  }

  /** Finishes what was delivered and closes every connection. */
  async finish(withinMs: number): Promise<ThreadReport> {
    await this.#worker?.finish(withinMs);
    this.#worker?.close();
    this.#carrier?.close();
    const { counts, irregulars } = this.#book;
    const { user, system } = process.threadCpuUsage();
    return {
      irregulars: irregulars.kept,
      irregularsTotal: irregulars.total,
      cpuSeconds: (user + system) / 1e6,
      answers: this.#book.answers,
      lag: this.#producer?.lag,
      unsent: this.#producer?.unsent,
      unanswered:
        counts.get("createsSent") -
        counts.get("createsAnswered") +
        counts.get("resultsSent") -
        counts.get("resultsAnswered"),
    };
  }
}
