const TRACES_PATH = "/v1/traces";
const GRPC_PORT = "4317";
const HTTP_PORT = "4318";
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Where to post traces.
 * @param endpoint an URL, whose path is kept, or `host:port`; the usual port of OTLP over gRPC becomes the one over HTTP
 * @param insecure no TLS when `endpoint` has no scheme; a loopback host needs none either
 * @returns undefined when it is no endpoint
 */
export function otlpUrl(endpoint: string, insecure: boolean): string | undefined {
  const url = /^\w+:\/\//.test(endpoint) ? URL.parse(endpoint) : URL.parse(`http://${endpoint}`);
  if (url === null || !isHttp(url)) return undefined;
  if (!endpoint.includes("://") && !insecure && !LOOPBACK.has(url.hostname)) url.protocol = "https:";
  if (url.port === GRPC_PORT) url.port = HTTP_PORT;
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith(TRACES_PATH) ? path : path + TRACES_PATH;
  return url.href;
}

/** To the letter. @returns undefined when it is no URL to post to */
export function exactUrl(endpoint: string): string | undefined {
  const url = URL.parse(endpoint);
  return url !== null && isHttp(url) ? url.href : undefined;
}

function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}
