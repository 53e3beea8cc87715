import { ServerEvent, type Task as TaskMessage, WorkerEvent } from "../../proto/generated/worker.ts";
import { CodeqError } from "./codeq-error.ts";
import type { CommandSchemas } from "./commands.ts";
import type { Connection } from "./connection-options.ts";
import { nextReadyCount } from "./demand.ts";
import { guarded } from "./guarded.ts";
import { closedError, HandlerPool } from "./handler-pool.ts";
import { HeldTask } from "./held-task.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { fitsMessage } from "./settlements.ts";
import { StreamLink } from "./stream-link.ts";
import { abandon, nack, type Verdict } from "./verdict.ts";
import { VerdictLine } from "./verdict-line.ts";
import type { WorkerLimits, WorkerOptions } from "./worker-options.ts";

export interface WorkStreamOptions<Schemas extends CommandSchemas> {
  readonly connection: Connection;
  readonly limits: WorkerLimits;
  readonly worker: WorkerOptions<Schemas>;
  readonly workerId: string;
  /** Once, when everything is over; with an error if the server will not have us. */
  readonly onEnd: (error: CodeqError | undefined) => void;
}

/** For verdicts that are ready when the patience with handlers is over. */
const FAREWELL_MS = 2000;

/** One worker's side of its streams: asks for work, keeps leases, hands in verdicts, and survives broken connections. */
export class WorkStream<Schemas extends CommandSchemas> {
  readonly #options: WorkStreamOptions<Schemas>;
  readonly #link: StreamLink;
  readonly #leases: LeaseKeeper;
  readonly #verdicts: VerdictLine;
  readonly #pool: HandlerPool<Schemas>;
  /** What each unanswered Ready asked for, in the order they will be answered. */
  #asked: number[] = [];
  #flushScheduled = false;
  #closing = false;
  /** Handlers are not waited for any more. */
  #impatient = false;
  #over = false;
  #cancelGrace: () => void = () => undefined;

  constructor(options: WorkStreamOptions<Schemas>) {
    this.#options = options;
    const { connection, limits, worker, workerId } = options;
    const { timing } = connection;
    this.#link = new StreamLink(connection, {
      path: "/workerpb.WorkerStream/Stream",
      hello: (token) => encode({ event: { $case: "hello", value: { token, workerId } } }),
      greeted: (message) => this.#greeted(message),
      received: (message) => this.#received(message),
      writable: () => this.#flush(),
      lost: (error) => this.#lost(error),
      refused: (error) => this.#end(error),
      ended: () => this.#ended(),
    });
    this.#leases = new LeaseKeeper({
      leaseMs: limits.leaseSeconds * 1000,
      timing,
      sendHeartbeat: (taskId) => this.#heartbeat(taskId),
      onLost: (task) => this.#taskLost(task),
    });
    this.#verdicts = new VerdictLine({
      sendsMax: limits.sendsMax,
      timing,
      client: worker.client,
      onSettled: guarded("onSettled", worker.onSettled),
      onChange: () => this.#schedule(),
    });
    const onVerdict = (task: HeldTask, verdict: Verdict): void => this.#settle(task, verdict);
    this.#pool = new HandlerPool({ worker, concurrency: limits.concurrency, onVerdict });
  }

  open(): void {
    this.#link.open();
  }

  /** Tasks that handlers work on or will. */
  get running(): number {
    return this.#pool.size;
  }

  /** Ends in peace; `onEnd` follows within the grace and a little more. */
  close(graceMs: number): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    const { timing } = this.#options.connection;
    this.#giveBack(this.#pool.takeWaiting());
    this.#cancelGrace = timing.after(graceMs, () => {
      this.#impatient = true;
      const held = [...this.#leases.tasks];
      this.#giveBack(held);
      for (const task of held) task.lose(closedError());
      this.#cancelGrace = timing.after(FAREWELL_MS, () => this.#end(undefined));
    });
    this.#schedule();
  }

  get #done(): boolean {
    return this.#verdicts.size === 0 && (this.#impatient || this.#pool.size === 0);
  }

  #end(error: CodeqError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelGrace();
    this.#link.close();
    const reason = error ?? closedError();
    for (const task of this.#leases.tasks) {
      task.lose(reason);
      if (this.#pool.remove(task)) this.#settle(task, abandon());
    }
    this.#leases.stop();
    this.#verdicts.giveUp(reason);
    this.#options.onEnd(error);
  }

  #greeted(message: Buffer): void {
    const { event } = ServerEvent.decode(message);
    if (event?.$case !== "helloAck") throw new TypeError(`the first one is ${event?.$case ?? "empty"}`);
    this.#asked = [];
    this.#leases.reconnected();
    this.#flush();
  }

  #lost(error: CodeqError): void {
    this.#leases.disconnected();
    this.#verdicts.disconnected(error, (taskId) => this.#leases.has(taskId));
    this.#schedule();
  }

  /** The server has ended the stream that we were done with. What it sent meanwhile goes back over another one. */
  #ended(): void {
    if (this.#done) this.#end(undefined);
    else this.#link.open();
  }

  #received(message: Buffer): void {
    const { event } = ServerEvent.decode(message);
    switch (event?.$case) {
      case "task":
        this.#delivered(event.value.task === undefined ? [] : [event.value.task]);
        break;
      case "taskBatch":
        this.#delivered(event.value.tasks);
        break;
      case "resultAckBatch":
        for (const ack of event.value.acks) this.#verdicts.answered(ack);
        break;
      case "resultAck":
      case "nackAck":
      case "abandonAck":
        this.#verdicts.answered(event.value);
        break;
      case "heartbeatAck":
        this.#leases.answered(event.value);
        break;
      case "error":
        this.#refused(event.value.code, event.value.message);
        break;
      case "helloAck":
      case undefined:
        throw new TypeError(`${event?.$case ?? "unknown"} is not expected here`);
    }
  }

  /** A Ready was refused: for good, or for a reason that may pass; the next stream will show. */
  #refused(code: string, message: string): void {
    if (code === "PermissionDenied") this.#end(new CodeqError("PERMISSION_DENIED", message));
    else if (code === "InvalidArgument") this.#end(new CodeqError("INVALID_ARGUMENT", message));
    else this.#link.reset(new CodeqError("UNAVAILABLE", `${code}: ${message}`));
  }

  #delivered(messages: readonly TaskMessage[]): void {
    this.#asked.shift();
    const { leaseEndsMs, nextHeartbeatMs } = this.#leases.freshLease;
    const tasks = messages.map((message) => new HeldTask(message, leaseEndsMs, nextHeartbeatMs));
    for (const task of tasks) {
      this.#verdicts.withdraw(task.id);
      this.#leases.add(task);
      if (!this.#closing) this.#pool.add(task);
    }
    if (this.#closing) this.#giveBack(tasks);
    this.#schedule();
  }

  /** Readys that are out would bring the tasks here again, so they end with the stream; all else is said on the next. */
  #giveBack(tasks: readonly HeldTask[]): void {
    if (tasks.length > 0 && this.#asked.length > 0 && this.#link.connected) this.#link.endWriting();
    for (const task of tasks) this.#settle(task, abandon());
  }

  #taskLost(task: HeldTask): void {
    if (this.#pool.remove(task)) this.#settle(task, abandon());
    this.#schedule();
  }

  /** Once for each delivery. */
  #settle(task: HeldTask, verdict: Verdict): void {
    if (task.settled) return;
    task.settle();
    if (this.#over || !this.#leases.release(task)) this.#verdicts.refuse(task, verdict);
    else if (fitsMessage(verdict)) this.#verdicts.add(task, verdict);
    else this.#verdicts.add(task, nack({ reason: "the result is too large to be sent" }));
    this.#schedule();
  }

  #heartbeat(taskId: string): boolean {
    if (!this.#link.connected) return false;
    const extendSeconds = this.#options.limits.leaseSeconds;
    this.#link.send(encode({ event: { $case: "heartbeat", value: { taskId, extendSeconds } } }));
    return true;
  }

  /** What happens in one turn goes out together. */
  #schedule(): void {
    if (this.#flushScheduled || this.#over) return;
    this.#flushScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#over) return;
    // The connection is busy: what gathers meanwhile goes out together when it is not.
    if (this.#link.idle) {
      for (const event of this.#verdicts.take()) this.#link.send(encode(event));
      this.#askForWork();
    }
    if (this.#closing && this.#done) this.#leave();
  }

  #askForWork(): void {
    // A task that comes back to us must not meet a verdict on an earlier delivery that is still to be repeated.
    if (this.#closing || this.#verdicts.doubtful > 0) return;
    const { capacity, claimMax, commands, leaseSeconds, unacknowledgedMax } = this.#options.limits;
    if (this.#verdicts.size >= unacknowledgedMax) return;
    const held = this.#pool.size;
    for (;;) {
      const asked = this.#asked.reduce((sum, count) => sum + count, 0);
      const count = nextReadyCount({ capacity, held, asked, claimMax });
      if (count === 0) return;
      this.#asked.push(count);
      this.#link.send(encode({ event: { $case: "ready", value: { commands: [...commands], leaseSeconds, count } } }));
    }
  }

  #leave(): void {
    if (this.#link.connected) this.#link.endWriting();
    // Without a connection there is nobody to say farewell to.
    else if (!this.#link.ending) this.#end(undefined);
  }
}

function encode(event: WorkerEvent): Buffer {
  return WorkerEvent.encode(event).finish();
}
