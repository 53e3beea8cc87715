import type { Context, Span } from "@opentelemetry/api";
import type { CreateTask } from "../queue/admission.ts";
import type { ClaimOptions, WorkerIdentity } from "../queue/claims.ts";
import { CodeqError, type Outcome } from "../queue/errors.ts";
import type { TaskResult } from "../queue/results.ts";
import type { Task } from "../queue/task.ts";
import { type CreatedTask, type Requeued, TaskQueue, type TaskQueueOptions } from "../queue/task-queue.ts";
import { endSpan, type TaskSpans, type TaskStep } from "./task-spans.ts";

/** The trace that a producer sends along with a task, on transports that can. */
export interface SentTrace {
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}

export interface TracedQueueOptions extends TaskQueueOptions {
  readonly spans: TaskSpans;
  /** Of the request that is being answered. */
  readonly request: () => Context;
  readonly parentOf: (sent: SentTrace) => Context | undefined;
}

/** A queue that records what is asked of it. */
export class TracedQueue extends TaskQueue {
  readonly #spans: TaskSpans;
  readonly #request: () => Context;
  readonly #parentOf: (sent: SentTrace) => Context | undefined;

  constructor(options: TracedQueueOptions) {
    super(options);
    this.#spans = options.spans;
    this.#request = options.request;
    this.#parentOf = options.parentOf;
  }

  override async create(tenant: string, items: readonly (CreateTask & SentTrace)[]): Promise<Outcome<CreatedTask>[]> {
    const request = this.#request();
    const spans = items.map((item) =>
      this.#spans.beginCreate(this.#parentOf(item) ?? request, {
        "codeq.command": item.command,
        "codeq.tenant": tenant,
      }),
    );
    const outcomes = await recorded(spans, super.create(tenant, items));
    for (const [index, outcome] of outcomes.entries()) {
      const span = spans[index];
      if (span === undefined) continue;
      if (outcome.ok) this.#spans.created(span, tenant, outcome.value);
      else endSpan(span, outcome.error);
    }
    return outcomes;
  }

  override async claim(who: WorkerIdentity, options: ClaimOptions): Promise<Task[]> {
    const tasks = await super.claim(who, options);
    for (const task of tasks) {
      const attributes = { "codeq.command": task.command, "codeq.attempts": task.attempts };
      this.#spans.claimed(this.#step(this.idOf(task), who, attributes));
    }
    return tasks;
  }

  override async complete(who: WorkerIdentity, results: readonly TaskResult[]): ReturnType<TaskQueue["complete"]> {
    const spans = results.map(({ id, state }) =>
      this.#spans.begin("codeq.task.submit_result", this.#step(id, who, { "codeq.state": state })),
    );
    const outcomes = await recorded(spans, super.complete(who, results));
    for (const [index, outcome] of outcomes.entries()) {
      const span = spans[index];
      const id = results[index]?.id;
      if (outcome.ok && id !== undefined) this.#spans.finished(id);
      if (span !== undefined) endSpan(span, outcome.ok ? undefined : outcome.error);
    }
    return outcomes;
  }

  override async heartbeat(who: WorkerIdentity, id: string, leaseMs: number | undefined): Promise<Outcome<void>> {
    return this.#record("codeq.task.heartbeat", who, id, super.heartbeat(who, id, leaseMs));
  }

  override async abandon(who: WorkerIdentity, id: string): Promise<Outcome<void>> {
    return this.#record("codeq.task.abandon", who, id, super.abandon(who, id));
  }

  override async nack(
    who: WorkerIdentity,
    id: string,
    delayMs: number | undefined,
    reason: string | undefined,
  ): Promise<Outcome<Requeued>> {
    const outcome = await this.#record("codeq.task.nack", who, id, super.nack(who, id, delayMs, reason));
    if (outcome.ok && outcome.value.dead) this.#spans.finished(id);
    return outcome;
  }

  async #record<T>(name: string, who: WorkerIdentity, id: string, work: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const span = this.#spans.begin(name, this.#step(id, who, {}));
    const outcome = await recorded([span], work);
    endSpan(span, outcome.ok ? undefined : outcome.error);
    return outcome;
  }

  #step(taskId: string, { tenant, worker }: WorkerIdentity, attributes: TaskStep["attributes"]): TaskStep {
    return {
      taskId,
      tenant,
      request: this.#request(),
      attributes: { "codeq.worker": worker, ...attributes },
    };
  }
}

/** Spans of work that did not come to an outcome end with what stopped it. */
async function recorded<T>(spans: readonly Span[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const refusal = error instanceof CodeqError ? error : new CodeqError("INTERNAL", "internal error");
    for (const span of spans) endSpan(span, refusal);
    throw error;
  }
}
