import { buildInfo } from "../build-info.ts";
import type { ServerConfig } from "./config/settings.ts";
import type { Log } from "./log.ts";
import { StartError } from "./start-error.ts";
import { otlpUrl } from "./tracing/otlp-url.ts";
import type { Tracing } from "./tracing/tracing.ts";

/**
 * Undefined when tracing is off; what it needs is not even loaded then.
 * @throws StartError for an endpoint that is none
 */
export async function openTracing(config: ServerConfig, log: Log): Promise<Tracing | undefined> {
  if (!config.tracing) return undefined;
  const url = otlpUrl(config.tracingEndpoint, config.tracingInsecure);
  if (url === undefined) {
    throw new StartError(
      "usage",
      `tracingOtlpEndpoint (--tracing-endpoint): ${JSON.stringify(config.tracingEndpoint)} is not valid, must be host:port or an http(s) URL`,
    );
  }
  const { Tracing: Loaded } = await import("./tracing/tracing.ts");
  return new Loaded({
    serviceName: config.tracingServiceName,
    version: buildInfo.version,
    url,
    sampleRatio: config.tracingSampleRatio,
    tasksMax: config.tracingTasksMax,
    log,
  });
}
