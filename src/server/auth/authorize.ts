import { accepted, type Outcome, refused } from "../queue/errors.ts";
import { type Authenticator, type Authenticators, WORKER_SCOPES, type WorkerScope } from "./authenticators.ts";
import type { Credential } from "./credential.ts";
import { type Caller, hasTenant, type Principal } from "./principal.ts";

/** Who may pass where, on any transport. The texts are part of the wire protocol. */
export async function authorizeProducer(
  auth: Authenticators,
  credential: Outcome<Credential>,
): Promise<Outcome<Caller>> {
  if (auth.producer === undefined) return refused("INTERNAL", "producer validator not configured");
  if (!credential.ok) return credential;
  return withTenant(await auth.producer.authenticate(credential.value));
}

export async function authorizeWorker(
  auth: Authenticators,
  credential: Outcome<Credential>,
  scope: WorkerScope,
): Promise<Outcome<Caller>> {
  const caller = await identifyWorker(auth, credential);
  if (caller.ok && !caller.value.scopes.has(scope)) return refused("PERMISSION_DENIED", "missing scope");
  return caller;
}

/** Lets a worker in; what it may do is for each of its requests to say. */
export async function identifyWorker(auth: Authenticators, credential: Outcome<Credential>): Promise<Outcome<Caller>> {
  if (auth.worker === undefined) return refused("INTERNAL", "worker validator not configured");
  if (!credential.ok) return credential;
  return withTenant(await workerPrincipal(auth, auth.worker, credential.value));
}

/** Producers and workers alike; whoever is turned away does not learn why. */
export async function authorizeAny(auth: Authenticators, credential: Outcome<Credential>): Promise<Outcome<Caller>> {
  if (credential.ok) {
    const worker = await auth.worker?.authenticate(credential.value);
    if (worker?.ok === true && worker.value.eventTypes.length > 0) return withTenant(worker);
    const producer = await auth.producer?.authenticate(credential.value);
    if (producer?.ok === true) return withTenant(producer);
  }
  return refused("UNAUTHENTICATED", "invalid token");
}

export async function authorizeAdmin(auth: Authenticators, credential: Outcome<Credential>): Promise<Outcome<Caller>> {
  const caller = await authorizeProducer(auth, credential);
  if (caller.ok && !caller.value.admin) return refused("UNAUTHENTICATED", "unauthorized. Admin only");
  return caller;
}

async function workerPrincipal(
  auth: Authenticators,
  worker: Authenticator,
  credential: Credential,
): Promise<Outcome<Principal>> {
  const verdict = asWorker(await worker.authenticate(credential));
  if (verdict.ok || !auth.allowProducerAsWorker) return verdict;
  const producer = await auth.producer?.authenticate(credential);
  if (producer?.ok !== true) return verdict;
  return accepted({ ...producer.value, scopes: ALL_WORKER_SCOPES, eventTypes: ["*"] });
}

const ALL_WORKER_SCOPES: ReadonlySet<string> = new Set(WORKER_SCOPES);

function asWorker(verdict: Outcome<Principal>): Outcome<Principal> {
  if (!verdict.ok) return verdict;
  if (verdict.value.eventTypes.length === 0) return refused("UNAUTHENTICATED", "missing eventTypes");
  if (verdict.value.scopes.size === 0) return refused("UNAUTHENTICATED", "missing scope");
  return verdict;
}

function withTenant(verdict: Outcome<Principal>): Outcome<Caller> {
  if (!verdict.ok) return verdict;
  return hasTenant(verdict.value) ? accepted(verdict.value) : refused("PERMISSION_DENIED", "invalid tenant claims");
}
