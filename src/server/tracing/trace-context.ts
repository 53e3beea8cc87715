import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { TraceContext } from "../queue/task.ts";

const propagator = new W3CTraceContextPropagator();

/** Of a request, by its headers. */
export function contextOfHeaders(headers: Headers): Context {
  return propagator.extract(ROOT_CONTEXT, Object.fromEntries(headers), defaultTextMapGetter);
}

/** Undefined when nothing is given, or nothing that can be read. */
export function contextOfText(
  traceParent: string | undefined,
  traceState: string | undefined,
): SpanContext | undefined {
  if (traceParent === undefined) return undefined;
  const carrier = { traceparent: traceParent, ...(traceState === undefined ? {} : { tracestate: traceState }) };
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
}

/** As it goes over the wire and into the store; its length has a bound, which the propagator sees to. */
export function textOfContext(context: SpanContext): TraceContext | undefined {
  const carrier: Record<string, string> = {};
  propagator.inject(trace.setSpanContext(ROOT_CONTEXT, context), carrier, defaultTextMapSetter);
  const { traceparent, tracestate } = carrier;
  return traceparent === undefined ? undefined : { traceParent: traceparent, traceState: tracestate };
}
