import { Elysia } from "elysia";
import type { Exchange } from "./exchange.ts";
import type { HttpOptions } from "./http-server.ts";
import { errorResponse } from "./responses.ts";
import { API_ROUTES } from "./routes/api-routes.ts";
import { publicRoutes } from "./routes/public-routes.ts";

export const API_BASE = "/v1/codeq";

/**
 * Routes every path to its handler. The framework only routes: bodies are read by us, as bytes, because payloads must
 * come out exactly as they came in.
 */
export function buildRouter(
  server: HttpOptions,
  exchange: Exchange,
): (request: Request) => Response | Promise<Response> {
  const app = new Elysia({ strictPath: true, normalize: false });
  const known = new Map<string, string[]>();
  for (const route of API_ROUTES) {
    const pattern = `${API_BASE}${route.path}`;
    app.route(route.method, pattern, ({ request, params }) => exchange.serve(route, pattern, request, params), {
      parse: "none",
    });
    note(known, pattern, route.method);
  }
  for (const route of publicRoutes(server)) {
    app.get(route.path, ({ request }) => exchange.answer(route.path, request, (id) => route.run(id)), {
      parse: "none",
    });
    note(known, route.path, "GET");
  }
  for (const [pattern, methods] of known) {
    const allow = methods.includes("GET") ? [...methods, "HEAD"] : methods;
    app.all(
      pattern,
      ({ request }) =>
        exchange.answer(pattern, request, (id) => methodNotAllowed(id, request.method, allow.join(", "))),
      { parse: "none" },
    );
  }
  app.onError(({ request }) => exchange.answer("unmatched", request, (id) => notFound(id)));
  return (request) => app.fetch(request);
}

function note(known: Map<string, string[]>, pattern: string, method: string): void {
  known.set(pattern, [...(known.get(pattern) ?? []), method]);
}

function methodNotAllowed(requestId: string, method: string, allow: string): Response {
  const error = `method ${method} is not allowed here (allowed: ${allow})`;
  const response = errorResponse(requestId, { code: "METHOD_NOT_ALLOWED", error });
  response.headers.set("allow", allow);
  return response;
}

function notFound(requestId: string): Response {
  return errorResponse(requestId, { code: "NOT_FOUND", error: "404 page not found" });
}
