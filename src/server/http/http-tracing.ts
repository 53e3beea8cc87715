/** W3C trace context, as it goes over the wire. */
export interface TraceContext {
  readonly traceParent: string;
  readonly traceState: string | undefined;
}

/** What HTTP asks of tracing, when that is on. */
export interface HttpTracing {
  /**
   * Runs the answering of a request inside a span of its own.
   * @param pattern of the route
   */
  serve(pattern: string, request: Request, answer: () => Promise<Response>): Promise<Response>;
  /** Where the trace of an unfinished task stands; undefined when there is none. */
  contextOf(taskId: string): TraceContext | undefined;
}
