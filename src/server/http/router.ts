import { Elysia } from "elysia";
import type { Exchange } from "./exchange.ts";
import type { HttpOptions } from "./http-server.ts";
import { openApiDocument } from "./openapi.ts";
import { errorResponse } from "./responses.ts";
import { API_ROUTES } from "./routes/api-routes.ts";
import { publicRoutes } from "./routes/public-routes.ts";
import { otherSlash } from "./trailing-slash.ts";

const API_BASE = "/v1/codeq";

/** Bodies are read by us, as bytes: payloads must come out exactly as they came in. */
const ROUTE_ONLY = { parse: "none" } as const;

/** Yields the function that answers every request the server gets. */
export function buildRouter(
  server: HttpOptions,
  exchange: Exchange,
): (request: Request) => Response | Promise<Response> {
  // By default the framework looks for the path behind the eleventh character, which misses it after a short Host;
  // otherwise behind the seventh, which finds a slash of `https://`.
  const standardHostname = server.listen.tls !== undefined;
  const app = new Elysia({ strictPath: true, normalize: false, handler: { standardHostname } });
  const methods = new Map<string, string[]>();
  for (const route of API_ROUTES) {
    const pattern = API_BASE + route.path;
    app.route(
      route.method,
      pattern,
      ({ request, params }) => exchange.serve(route, pattern, request, params),
      ROUTE_ONLY,
    );
    methods.set(pattern, [...(methods.get(pattern) ?? []), route.method]);
  }
  for (const { path, run } of publicRoutes(server, openApiOnce(server))) {
    app.get(path, ({ request }) => exchange.answer(path, request, run), ROUTE_ONLY);
    methods.set(path, ["GET"]);
  }
  for (const [pattern, known] of methods) {
    const allow = (known.includes("GET") ? [...known, "HEAD"] : known).join(", ");
    app.all(
      pattern,
      ({ request }) => exchange.answer(pattern, request, (id) => methodNotAllowed(id, request.method, allow)),
      ROUTE_ONLY,
    );
  }
  const patterns = [...methods.keys()];
  app.onError(({ request }) => exchange.answer("unmatched", request, (id) => unmatched(id, request, patterns)));
  return (request) => app.fetch(request);
}

/** Most servers are never asked for it. */
function openApiOnce(server: HttpOptions): () => string {
  let document: string | undefined;
  return () => {
    const { version } = server.health();
    document ??= openApiDocument(API_ROUTES, { base: API_BASE, version, retentionMs: server.retentionMs });
    return document;
  };
}

function methodNotAllowed(requestId: string, method: string, allow: string): Response {
  const error = `method ${method} is not allowed here (allowed: ${allow})`;
  const response = errorResponse(requestId, { code: "METHOD_NOT_ALLOWED", error });
  response.headers.set("allow", allow);
  return response;
}

function unmatched(requestId: string, request: Request, patterns: readonly string[]): Response {
  // A Host header of nonsense makes no URL.
  const url = URL.parse(request.url);
  if (url === null) return errorResponse(requestId, { code: "INVALID_ARGUMENT", error: "invalid Host header" });
  const location = otherSlash(url, patterns);
  if (location === undefined) return errorResponse(requestId, { code: "NOT_FOUND", error: "404 page not found" });
  const status = request.method === "GET" ? 301 : 307;
  return new Response(null, { status, headers: { location, "x-request-id": requestId } });
}
