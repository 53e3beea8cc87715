import { buildInfo } from "../build-info.ts";
import type { ServerConfig } from "./config/settings.ts";
import { tracingWanted } from "./config/tracing-checks.ts";
import type { Log } from "./log.ts";
import { StartError } from "./start-error.ts";
import { exactUrl, otlpUrl } from "./tracing/otlp-url.ts";
import type { Tracing } from "./tracing/tracing.ts";

/**
 * Undefined when tracing is off; what it needs is not even loaded then.
 * @throws StartError for an endpoint that is none
 */
export async function openTracing(config: ServerConfig, log: Log): Promise<Tracing | undefined> {
  if (!tracingWanted(config)) return undefined;
  const url = tracesUrl(config);
  const { Tracing: Loaded } = await import("./tracing/tracing.ts");
  return new Loaded({
    serviceName: config.tracingServiceName,
    version: buildInfo.version,
    url,
    postMsMax: config.tracingTimeoutMs,
    sampler: config.tracingSampler,
    sampleRatio: config.tracingSampleRatio,
    log,
  });
}

function tracesUrl({ tracingEndpoint, tracingTracesEndpoint, tracingInsecure }: ServerConfig): string {
  const url =
    tracingTracesEndpoint === undefined ? otlpUrl(tracingEndpoint, tracingInsecure) : exactUrl(tracingTracesEndpoint);
  if (url !== undefined) return url;
  const [where, given, forms] =
    tracingTracesEndpoint === undefined
      ? ["tracingOtlpEndpoint (--tracing-endpoint)", tracingEndpoint, "host:port or an http(s) URL"]
      : ["tracingOtlpTracesEndpoint (--tracing-traces-endpoint)", tracingTracesEndpoint, "an http(s) URL"];
  throw new StartError("usage", `${where}: ${JSON.stringify(given)} is not valid, must be ${forms}`);
}
