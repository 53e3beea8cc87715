import type { Log } from "../log.ts";
import { CodeqError, type Outcome, refused } from "../queue/errors.ts";

/** What a call to the queue that rejected tells the client; an error nobody expected is for us alone. */
export function outageOf(error: unknown, log: Log): Outcome<never> & { readonly ok: false } {
  if (error instanceof CodeqError && error.code !== "INTERNAL") return { ok: false, error };
  log.error("a stream request failed", { reason: error });
  return refused("INTERNAL", "internal error");
}

/** The answer of a call that concerns one item, an outage included. */
export async function orOutage<T>(call: Promise<Outcome<T>>, log: Log): Promise<Outcome<T>> {
  try {
    return await call;
  } catch (error) {
    return outageOf(error, log);
  }
}
