import {
  type Attributes,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { CodeqError } from "../queue/errors.ts";
import { TraceBook } from "./trace-book.ts";

/** Where the trace of a task stands. */
interface Standing {
  readonly tenant: string;
  /** Its creation: what every delivery follows from. */
  readonly origin: SpanContext;
  /** Its creation or newest delivery: what a result follows from. */
  readonly newest: SpanContext;
}

/** Something that is done to one task. */
export interface TaskStep {
  readonly taskId: string;
  /** Of who does it, which may not be the task's. */
  readonly tenant: string;
  readonly attributes: Attributes;
  /** The request that does it. */
  readonly request: Context;
}

/**
 * The spans of tasks. All that happens to a task belongs to the trace in which it was created. Who does it from within
 * another trace, as workers do that claim, is linked.
 */
export class TaskSpans {
  readonly #tracer: Tracer;
  readonly #book: TraceBook<Standing>;

  constructor(tracer: Tracer, tasksMax: number) {
    this.#tracer = tracer;
    this.#book = new TraceBook(tasksMax);
  }

  /** Of the newest span; undefined for a task that nothing is known of. */
  contextOf(taskId: string): SpanContext | undefined {
    return this.#book.get(taskId)?.newest;
  }

  /** @param parent of the request, or what the producer sent along with the task */
  beginCreate(parent: Context, attributes: Attributes): Span {
    return this.#tracer.startSpan("codeq.task.create", { kind: SpanKind.PRODUCER, attributes }, parent);
  }

  created(
    span: Span,
    tenant: string,
    { id: taskId, replayed }: { readonly id: string; readonly replayed: boolean },
  ): void {
    span.setAttributes({ "codeq.task.id": taskId, "codeq.replayed": replayed });
    // The task of a known key goes on in its own trace.
    if (!replayed) this.#book.set(taskId, { tenant, origin: span.spanContext(), newest: span.spanContext() });
    span.end();
  }

  claimed(step: TaskStep): void {
    const origin = this.#book.get(step.taskId)?.origin;
    const span = this.#start("codeq.task.claim", origin, step);
    const newest = span.spanContext();
    this.#book.set(step.taskId, { tenant: step.tenant, origin: origin ?? newest, newest });
    span.end();
  }

  /** @param name of what a worker does with a task it holds */
  begin(name: string, step: TaskStep): Span {
    const standing = this.#book.get(step.taskId);
    // Another tenant's task is none, here as everywhere.
    return this.#start(name, standing?.tenant === step.tenant ? standing.newest : undefined, step);
  }

  /** Nothing more will happen to it. */
  finished(taskId: string): void {
    this.#book.delete(taskId);
  }

  #start(name: string, follows: SpanContext | undefined, { taskId, tenant, attributes, request }: TaskStep): Span {
    const caller = trace.getSpanContext(request);
    const within = follows === undefined || follows.traceId === caller?.traceId;
    const parent = within ? request : trace.setSpanContext(ROOT_CONTEXT, follows);
    const links = within || caller === undefined || !isSpanContextValid(caller) ? [] : [{ context: caller }];
    const options = {
      kind: SpanKind.CONSUMER,
      attributes: { "codeq.task.id": taskId, "codeq.tenant": tenant, ...attributes },
      links,
    };
    return this.#tracer.startSpan(name, options, parent);
  }
}

/** Ends a span, with the refusal if it is one. */
export function endSpan(span: Span, refusal: CodeqError | undefined): void {
  if (refusal !== undefined) {
    span.setAttribute("codeq.error.code", refusal.code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: refusal.message });
  }
  span.end();
}
