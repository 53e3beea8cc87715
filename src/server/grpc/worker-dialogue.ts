import type { Ready, ServerError, ServerEvent } from "../../../proto/generated/worker.ts";
import type { WorkerScope } from "../auth/authenticators.ts";
import type { Caller } from "../auth/principal.ts";
import type { WorkerIdentity } from "../queue/claims.ts";
import { CodeqError, type Outcome, refused } from "../queue/errors.ts";
import type { TaskResult } from "../queue/results.ts";
import type { Task } from "../queue/task.ts";
import { AckLine } from "./ack-line.ts";
import { Assignment } from "./assignment.ts";
import type { Dialogue } from "./dialogue.ts";
import { serverErrorOf } from "./grpc-status.ts";
import { type Answer, abandon, heartbeat, type LeaseContext, nack } from "./lease-requests.ts";
import { outageOf } from "./outage.ts";
import { giveOutcomes } from "./outcomes.ts";
import { RateGate } from "./rate-gate.ts";
import type { ReadyLine, Wish } from "./ready-line.ts";
import { Readys } from "./readys.ts";
import { ResultAcks } from "./result-acks.ts";
import type { ResultRequest } from "./result-request.ts";
import type { ServiceOptions } from "./service-options.ts";
import type { StreamSession } from "./stream-session.ts";
import { readWorkerInput } from "./worker-input.ts";

/** Who works here. */
export interface WorkerGreeting {
  readonly caller: Caller;
  /** Of the token. */
  readonly digest: Buffer;
  /** The name its leases are held under. */
  readonly worker: string;
}

/** Hands out tasks and takes results. Results that arrive together, in one message or several, share one call. */
export class WorkerDialogue implements Dialogue {
  readonly full = false;
  readonly #options: ServiceOptions;
  readonly #caller: Caller;
  readonly #who: WorkerIdentity;
  readonly #session: StreamSession;
  readonly #stopped = new AbortController();
  /** Nothing waits any more. */
  readonly #lastCall = new AbortController();
  readonly #readys: Readys;
  readonly #gate: RateGate<Ready> | undefined;
  readonly #acks: AckLine<ResultRequest>;
  #results: ResultRequest[] = [];
  /** Deliveries of this stream that it has not ended; those that end elsewhere stay counted. */
  #owed = 0;
  #onRoom: (() => void)[] = [];
  /** Made once: it is needed for each message. */
  readonly #completeLater = (): void => this.#complete();
  readonly #fail = (error: unknown): void => this.#session.fail(error);

  constructor(options: ServiceOptions, { caller, digest, worker }: WorkerGreeting, session: StreamSession) {
    const { queue, limits, rates, schedule, log } = options;
    this.#options = options;
    this.#caller = caller;
    this.#who = { tenant: caller.tenant, worker };
    this.#session = session;
    this.#acks = new AckLine(session, (results, asBatch) => new ResultAcks(results, asBatch, queue));
    this.#readys = new Readys({
      queue,
      who: this.#who,
      caller,
      limits,
      schedule,
      signal: this.#stopped.signal,
      lastCall: this.#lastCall.signal,
      room: () => this.#room(),
      deliver: (tasks, wish, line) => this.#deliver(tasks, wish, line),
      refuse: (error) => this.#refuse(serverErrorOf(error)),
      giveBack: (tasks) => this.#giveBack(tasks),
      onTrouble: (error) => log.warn("Readys of a worker stream have to wait", { reason: error }),
      onFinished: () => session.settled(),
    });
    if (rates.worker !== undefined) {
      const handle = (message: Ready): void => this.#addReady(message);
      this.#gate = new RateGate({ rate: rates.worker, digest, schedule, session, handle });
    }
  }

  get waiting(): number {
    return this.#readys.waiting + (this.#gate?.held ?? 0);
  }

  get owed(): boolean {
    return this.#owed > 0;
  }

  received(message: Buffer): void {
    const { queue, limits } = this.#options;
    const input = readWorkerInput(message, queue, limits.jsonDepthMax);
    switch (input?.kind) {
      case "ready":
        if (this.#permits("codeq:claim")) this.#ready(input.value);
        break;
      case "results":
        if (!this.#permits("codeq:result")) break;
        if (input.asBatch) this.#takeBatch(input.value);
        else this.#take(input.value);
        break;
      case "nack":
        if (this.#permits("codeq:nack")) this.#answer(nack(this.#leaseContext(), input.value));
        break;
      case "heartbeat":
        if (this.#permits("codeq:heartbeat")) this.#answer(heartbeat(this.#leaseContext(), input.value));
        break;
      case "abandon":
        if (this.#permits("codeq:abandon")) this.#answer(abandon(this.#leaseContext(), input.value));
        break;
      case "hello":
        this.#refuse({ code: "FailedPrecondition", message: "already-authenticated" });
        break;
      case undefined:
        this.#refuse({ code: "InvalidArgument", message: "unknown-event" });
    }
  }

  writable(): void {
    this.#acks.send();
    const waiting = this.#onRoom;
    this.#onRoom = [];
    for (const resume of waiting) resume();
  }

  get finishing(): boolean {
    return this.#lastCall.signal.aborted && !this.#stopped.signal.aborted && this.waiting > 0;
  }

  finish(): void {
    this.#lastCall.abort();
  }

  stop(): void {
    this.#gate?.close();
    this.#stopped.abort();
    this.#lastCall.abort();
    for (const resume of this.#onRoom) resume();
  }

  #permits(scope: WorkerScope): boolean {
    if (this.#caller.scopes.has(scope)) return true;
    this.#refuse({ code: "PermissionDenied", message: "missing scope" });
    return false;
  }

  /** Only Readys have a rate: a heartbeat that waits could cost a lease. */
  #ready(message: Ready): void {
    if (this.#stopped.signal.aborted) return;
    const { readysMax } = this.#options.limits;
    if (this.waiting >= readysMax) {
      const text = `too many waiting Readys on one stream (limit ${readysMax})`;
      this.#refuse(serverErrorOf(new CodeqError("RESOURCE_EXHAUSTED", text)));
    } else if (this.#gate === undefined) this.#addReady(message);
    else this.#gate.pass(message);
  }

  #addReady(message: Ready): void {
    try {
      this.#readys.add(message);
    } catch (error) {
      if (!(error instanceof CodeqError)) throw error;
      this.#refuse(serverErrorOf(error));
    }
  }

  #takeBatch(results: readonly ResultRequest[]): void {
    const { batchMax } = this.#options.limits;
    if (results.length === 0) {
      this.#session.writer.send({ event: { $case: "resultAckBatch", value: { acks: [] } } } satisfies ServerEvent);
      return;
    }
    this.#acks.expectBatch();
    if (results.length <= batchMax) {
      this.#take(results);
      return;
    }
    const refusal = refused("INVALID_ARGUMENT", `batch size exceeds maximum of ${batchMax}`);
    for (const result of results) result.outcome = refusal;
    this.#session.begin(results.length);
    this.#acks.add(results);
  }

  #take(results: readonly ResultRequest[]): void {
    this.#session.begin(results.length);
    if (this.#results.length === 0) queueMicrotask(this.#completeLater);
    for (const result of results) this.#results.push(result);
  }

  #complete(): void {
    if (this.#results.length === 0) return;
    const results = this.#results;
    this.#results = [];
    this.#options.observer.batch("result", results.length);
    void this.#completeReadable(results).catch(this.#fail);
  }

  async #completeReadable(results: readonly ResultRequest[]): Promise<void> {
    const readable = results.filter(({ outcome }) => outcome === undefined);
    giveOutcomes(readable, await this.#outcomesOf(readable));
    for (const { outcome } of readable) if (outcome?.ok === true) this.#settled();
    this.#acks.add(results);
  }

  /** An outage becomes each result's refusal. */
  async #outcomesOf(results: readonly TaskResult[]): Promise<readonly Outcome<unknown>[]> {
    if (results.length === 0) return [];
    try {
      return await this.#options.queue.complete(this.#who, results);
    } catch (error) {
      const outage = outageOf(error, this.#options.log);
      return results.map(() => outage);
    }
  }

  /** Results that came before are on their way first: the order in which a worker says things counts. */
  #leaseContext(): LeaseContext {
    this.#complete();
    return { queue: this.#options.queue, who: this.#who, log: this.#options.log };
  }

  #answer(answer: Promise<Answer>): void {
    this.#session.begin(1);
    const send = ({ event, ended }: Answer): void => {
      if (ended) this.#settled();
      this.#session.writer.send(event);
      this.#session.done(1);
    };
    void answer.then(send).catch(this.#fail);
  }

  #deliver(tasks: readonly Task[], wish: Wish, line: ReadyLine): void {
    const { queue, observer } = this.#options;
    this.#owed += tasks.length;
    observer.batch("assignment", tasks.length);
    const assignment = new Assignment(tasks, wish.asBatch, queue);
    const dropped = (): void => {
      this.#owed -= tasks.length;
      this.#giveBack(tasks);
      line.restore(wish);
    };
    this.#session.writer.send(assignment, { dropped });
  }

  /** The client never got these. */
  #giveBack(tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    void this.#options.queue.giveBack(this.#who, tasks).catch((error: unknown) => {
      this.#options.log.warn("tasks that were not delivered wait for the end of their lease", {
        tasks: tasks.length,
        reason: error,
      });
    });
  }

  /** A claim for a client that does not read would only hold tasks up. */
  #room(): Promise<void> | undefined {
    if (this.#session.writer.idle || this.#stopped.signal.aborted) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onRoom.push(resolve);
    return promise;
  }

  #settled(): void {
    if (this.#owed > 0) this.#owed -= 1;
  }

  #refuse(error: ServerError): void {
    this.#session.writer.send({ event: { $case: "error", value: error } } satisfies ServerEvent);
  }
}
