import type { TraceContext } from "../../queue/task.ts";

/** As the column `trace` has it. There is no space in a traceparent. */
export function traceText({ traceParent, traceState }: TraceContext): string {
  return traceState === undefined ? traceParent : `${traceParent} ${traceState}`;
}

export function traceOf(text: string): TraceContext {
  const end = text.indexOf(" ");
  return end < 0
    ? { traceParent: text, traceState: undefined }
    : { traceParent: text.slice(0, end), traceState: text.slice(end + 1) };
}
