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

/** Something that is done to one task. */
export interface TaskStep {
  readonly taskId: string;
  /** Of who does it. */
  readonly tenant: string;
  /** The creation of the task; undefined when nothing is known of that. */
  readonly follows: SpanContext | undefined;
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

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** @param parent of the request, or what the producer sent along with the task */
  beginCreate(parent: Context, attributes: Attributes): Span {
    return this.#tracer.startSpan("codeq.task.create", { kind: SpanKind.PRODUCER, attributes }, parent);
  }

  /** @param name of what a worker does with a task */
  begin(name: string, { taskId, tenant, follows, attributes, request }: TaskStep): Span {
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
