import type { Environment, Origin } from "./layers.ts";
import type { ServerConfig, SettingName } from "./settings.ts";
import { tracingSettings } from "./tracing-settings.ts";

/** Whether traces are to be recorded and sent. */
export function tracingWanted(config: Pick<ServerConfig, "tracing" | "tracingDisabled" | "tracingExporter">): boolean {
  return config.tracing && !config.tracingDisabled && config.tracingExporter !== "none";
}

/** Variables of OpenTelemetry are for every program of a machine: what one says matters only to one that traces. */
export function isShared({ label }: Origin): boolean {
  return label.startsWith("environment variable OTEL_");
}

/** What was asked for, and does not happen. */
export function tracingWarnings(
  config: ServerConfig,
  origins: Readonly<Record<SettingName, Origin>>,
  env: Environment,
): string[] {
  if (!config.tracing) return [];
  if (!tracingWanted(config)) {
    const why = origins[config.tracingDisabled ? "tracingDisabled" : "tracingExporter"].label;
    return [`no effect: tracing is asked for, and kept off by ${why}`];
  }
  const warnings: string[] = [];
  if (!config.tracingSampler.endsWith("traceidratio") && origins.tracingSampleRatio.layer !== "default") {
    warnings.push(`no effect: ${origins.tracingSampleRatio.label} (the sampler is ${config.tracingSampler})`);
  }
  const unknown = Object.keys(env).filter((variable) => variable.startsWith("OTEL_") && !HEEDED.has(variable));
  if (unknown.length > 0) warnings.push(`no effect: ${unknown.toSorted().join(", ")} (codeq does not read them)`);
  return warnings;
}

/** Of the exporter and of the resource; they are read where traces are made. */
const HEEDED: ReadonlySet<string> = new Set([
  ...Object.values(tracingSettings).flatMap(({ env }): readonly string[] => env),
  ...["HEADERS", "COMPRESSION", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"].flatMap((name) => [
    `OTEL_EXPORTER_OTLP_${name}`,
    `OTEL_EXPORTER_OTLP_TRACES_${name}`,
  ]),
  "OTEL_RESOURCE_ATTRIBUTES",
]);
