import { docsRoutes } from "../docs-page.ts";
import type { HttpOptions } from "../http-server.ts";
import { jsonResponse } from "../responses.ts";

/** What answers without a token. */
export interface PublicRoute {
  readonly path: string;
  readonly run: (requestId: string) => Response | Promise<Response>;
}

/** @param openApi makes the OpenAPI document as JSON text */
export function publicRoutes(server: HttpOptions, openApi: () => string): readonly PublicRoute[] {
  return [
    { path: "/", run: (id) => jsonResponse(200, id, HINT) },
    { path: "/healthz", run: (id) => healthz(server, id) },
    { path: "/readyz", run: (id) => readyz(server, id) },
    { path: "/version", run: (id) => version(server, id) },
    { path: "/metrics", run: (id) => metrics(server, id) },
    { path: "/openapi.json", run: (id) => jsonResponse(200, id, openApi()) },
    ...docsRoutes(),
  ];
}

const HINT = JSON.stringify({ name: "codeq", api: "/v1/codeq", docs: "/docs", openapi: "/openapi.json" });

/** Alive, whatever else is wrong. */
function healthz(server: HttpOptions, requestId: string): Response {
  const { durability, version: built, ready } = server.health();
  return jsonResponse(200, requestId, JSON.stringify({ status: "ok", ready, durability, version: built }));
}

function readyz(server: HttpOptions, requestId: string): Response {
  const { ready, reasons, creates } = server.health();
  return jsonResponse(ready ? 200 : 503, requestId, JSON.stringify({ ready, reasons, creates }));
}

function version(server: HttpOptions, requestId: string): Response {
  const { version: built, commit } = server.health();
  return jsonResponse(200, requestId, JSON.stringify({ name: "codeq", version: built, commit }));
}

async function metrics(server: HttpOptions, requestId: string): Promise<Response> {
  return new Response(await server.metricsText(), {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "x-request-id": requestId },
  });
}
