import type { Caller } from "../auth/principal.ts";
import type { WorkerIdentity } from "../queue/claims.ts";

/** Over HTTP a worker is whoever its token says it is; what a body claims does not count. */
export function workerOf(caller: Caller): WorkerIdentity {
  return { tenant: caller.tenant, worker: caller.subject };
}
