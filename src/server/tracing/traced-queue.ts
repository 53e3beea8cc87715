import { type Attributes, type Context, ROOT_CONTEXT, type Span, trace } from "@opentelemetry/api";
import type { CreateTask } from "../queue/admission.ts";
import type { ClaimOptions, WorkerIdentity } from "../queue/claims.ts";
import type { CreatedTask } from "../queue/created-task.ts";
import { CodeqError, type Outcome } from "../queue/errors.ts";
import type { TaskResult } from "../queue/results.ts";
import type { Task } from "../queue/task.ts";
import { type Requeued, TaskQueue, type TaskQueueOptions } from "../queue/task-queue.ts";
import { endSpan, type TaskSpans } from "./task-spans.ts";
import { contextOfText, textOfContext } from "./trace-context.ts";

/** The trace that a producer sends along with a task, on transports that can. */
export interface SentTrace {
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}

export interface TracedQueueOptions extends TaskQueueOptions {
  readonly spans: TaskSpans;
  /** Of the request that is being answered. */
  readonly request: () => Context;
}

/** A queue that records what is asked of it, and keeps with each task the context of its creation. */
export class TracedQueue extends TaskQueue {
  readonly #spans: TaskSpans;
  readonly #request: () => Context;

  constructor(options: TracedQueueOptions) {
    super(options);
    this.#spans = options.spans;
    this.#request = options.request;
  }

  override async create(tenant: string, items: readonly (CreateTask & SentTrace)[]): Promise<Outcome<CreatedTask>[]> {
    const request = this.#request();
    const spans = items.map((item) => {
      const sent = contextOfText(item.traceParent, item.traceState);
      return this.#spans.beginCreate(sent === undefined ? request : trace.setSpanContext(ROOT_CONTEXT, sent), {
        "codeq.command": item.command,
        "codeq.tenant": tenant,
      });
    });
    const traced = items.map((item, index) => {
      const span = spans[index];
      return { ...item, trace: span === undefined ? undefined : textOfContext(span.spanContext()) };
    });
    const outcomes = await recorded(spans, super.create(tenant, traced));
    for (const [index, outcome] of outcomes.entries()) {
      const span = spans[index];
      if (span === undefined) continue;
      if (outcome.ok)
        span.setAttributes({
          "codeq.task.id": this.idOf(outcome.value),
          "codeq.replayed": outcome.value.replayed,
        });
      endSpan(span, outcome.ok ? undefined : outcome.error);
    }
    return outcomes;
  }

  /** Who gets a task goes on from its delivery. */
  override async claim(who: WorkerIdentity, options: ClaimOptions): Promise<Task[]> {
    const tasks = await super.claim(who, options);
    return tasks.map((task) => {
      const span = this.#begin("codeq.task.claim", who, this.idOf(task), task, { "codeq.command": task.command });
      span.end();
      return { ...task, trace: textOfContext(span.spanContext()) };
    });
  }

  override async complete(who: WorkerIdentity, results: readonly TaskResult[]): ReturnType<TaskQueue["complete"]> {
    const tasks = await Promise.all(results.map(({ id }) => this.#known(who, id)));
    const spans = results.map(({ id, state }, index) =>
      this.#begin("codeq.task.submit_result", who, id, tasks[index], { "codeq.state": state }),
    );
    const outcomes = await recorded(spans, super.complete(who, results));
    for (const [index, outcome] of outcomes.entries()) {
      const span = spans[index];
      if (span !== undefined) endSpan(span, outcome.ok ? undefined : outcome.error);
    }
    return outcomes;
  }

  override async heartbeat(who: WorkerIdentity, id: string, leaseMs: number | undefined): Promise<Outcome<void>> {
    return this.#record("codeq.task.heartbeat", who, id, () => super.heartbeat(who, id, leaseMs));
  }

  override async abandon(who: WorkerIdentity, id: string): Promise<Outcome<void>> {
    return this.#record("codeq.task.abandon", who, id, () => super.abandon(who, id));
  }

  override async nack(
    who: WorkerIdentity,
    id: string,
    delayMs: number | undefined,
    reason: string | undefined,
  ): Promise<Outcome<Requeued>> {
    return this.#record("codeq.task.nack", who, id, () => super.nack(who, id, delayMs, reason));
  }

  async #record<T>(
    name: string,
    who: WorkerIdentity,
    id: string,
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const span = this.#begin(name, who, id, await this.#known(who, id), {});
    const outcome = await recorded([span], work());
    endSpan(span, outcome.ok ? undefined : outcome.error);
    return outcome;
  }

  /** Another tenant's task is none, here as everywhere. What keeps it from being read will be told by what is to follow. */
  #known({ tenant }: WorkerIdentity, id: string): Promise<Task | undefined> {
    return this.get(tenant, id).catch(() => undefined);
  }

  #begin(
    name: string,
    { tenant, worker }: WorkerIdentity,
    taskId: string,
    task: Task | undefined,
    attributes: Attributes,
  ): Span {
    return this.#spans.begin(name, {
      taskId,
      tenant,
      follows: contextOfText(task?.trace?.traceParent, task?.trace?.traceState),
      request: this.#request(),
      attributes: {
        "codeq.worker": worker,
        // Tells which delivery it belongs to.
        ...(task === undefined ? {} : { "codeq.attempts": task.attempts }),
        ...attributes,
      },
    });
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
