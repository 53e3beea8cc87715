import { authorizeAdmin, authorizeAny, authorizeProducer, authorizeWorker } from "../auth/authorize.ts";
import { type Credential, readCredential } from "../auth/credential.ts";
import type { Caller } from "../auth/principal.ts";
import type { Outcome } from "../queue/errors.ts";
import type { HttpOptions } from "./http-server.ts";
import { errorResponse, refusalResponse } from "./responses.ts";
import type { Access, Route } from "./route.ts";

/** The door: who calls (401, 403), then how often (429). Yields the caller, or the answer that turns it away. */
export async function admitRequest(
  route: Route,
  request: Request,
  requestId: string,
  server: HttpOptions,
): Promise<Caller | Response> {
  const credential = readCredential(request.headers.get("authorization"));
  const caller = await authorize(route.access, credential, server);
  if (!caller.ok) return refusalResponse(requestId, caller.error);
  if (route.rate !== undefined && credential.ok) {
    const { scope, operation } = route.rate;
    const retryAfterMs = server.limiter.take(scope, credential.value.digest, server.queue.now());
    if (retryAfterMs > 0) {
      server.onRateLimited(scope, operation);
      return tooManyRequests(requestId, scope, operation, Math.ceil(retryAfterMs / 1000));
    }
  }
  return caller.value;
}

function authorize(access: Access, credential: Outcome<Credential>, server: HttpOptions): Promise<Outcome<Caller>> {
  const auth = server.authenticators;
  switch (access.kind) {
    case "producer":
      return authorizeProducer(auth, credential);
    case "worker":
      return authorizeWorker(auth, credential, access.scope);
    case "any":
      return authorizeAny(auth, credential);
    case "admin":
      return authorizeAdmin(auth, credential);
  }
}

function tooManyRequests(requestId: string, scope: string, operation: string, retryAfterSeconds: number): Response {
  const response = errorResponse(
    requestId,
    { code: "RATE_LIMITED", error: "rate limit exceeded" },
    { operation, retryAfterSeconds, scope },
  );
  response.headers.set("retry-after", String(retryAfterSeconds));
  return response;
}
