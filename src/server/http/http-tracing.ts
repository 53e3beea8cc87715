/** What HTTP asks of tracing, when that is on. */
export interface HttpTracing {
  /**
   * Runs the answering of a request inside a span of its own.
   * @param pattern of the route
   */
  serve(pattern: string, request: Request, answer: () => Promise<Response>): Promise<Response>;
}
