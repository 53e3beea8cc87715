import { integer, ratio, text, toggle } from "./kinds.ts";
import { setting } from "./setting.ts";

/** Whether and where traces are sent. */
export const tracingSettings = {
  tracing: setting({
    key: "tracingEnabled",
    flag: "tracing",
    env: ["TRACING_ENABLED"],
    kind: toggle(),
    fallback: false,
    group: "Tracing",
    help: "record what happens to tasks as OpenTelemetry traces, and send them over OTLP",
  }),
  tracingServiceName: setting({
    key: "tracingServiceName",
    flag: "tracing-service-name",
    env: ["TRACING_SERVICE_NAME", "OTEL_SERVICE_NAME"],
    kind: text("a name", 256),
    fallback: "codeq",
    group: "Tracing",
    help: "what the server is called in traces",
  }),
  tracingEndpoint: setting({
    key: "tracingOtlpEndpoint",
    flag: "tracing-endpoint",
    env: ["TRACING_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"],
    kind: text("host:port or an URL", 2048),
    fallback: "http://localhost:4318",
    group: "Tracing",
    help: "collector that takes OTLP over HTTP; in place of port 4317, which speaks gRPC, 4318 is used",
  }),
  tracingInsecure: setting({
    key: "tracingOtlpInsecure",
    flag: "tracing-insecure",
    env: ["TRACING_OTLP_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"],
    kind: toggle(),
    fallback: false,
    group: "Tracing",
    help: "no TLS to an endpoint that is given without http:// or https://",
  }),
  tracingSampleRatio: setting({
    key: "tracingSampleRatio",
    flag: "tracing-sample-ratio",
    env: ["TRACING_SAMPLE_RATIO"],
    kind: ratio(),
    fallback: 1,
    group: "Tracing",
    help: "share of new traces that are recorded; what a caller began is recorded if the caller does so",
  }),
  tracingTasksMax: setting({
    key: "maxTracedTasks",
    flag: "tracing-tasks-max",
    env: ["CODEQ_MAX_TRACED_TASKS"],
    kind: integer({ min: 1, max: 10_000_000, unit: "tasks" }),
    fallback: 100_000,
    group: "Tracing",
    help: "unfinished tasks whose trace is remembered, in memory; those beyond it begin a new one when claimed",
  }),
} as const;
