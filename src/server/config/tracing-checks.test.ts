import { describe, expect, test } from "bun:test";
import { type LoadedConfig, resolveConfig } from "../config.ts";
import { StartError } from "../start-error.ts";
import { tracingWanted } from "./tracing-checks.ts";

const ON = { TRACING_ENABLED: "true" };

function load(env: Readonly<Record<string, string>>, flags: Readonly<Record<string, string>> = {}): LoadedConfig {
  return resolveConfig({ flags: new Map(Object.entries(flags)), env }, undefined);
}

/** The text a server refuses to start with. */
function refusal(env: Readonly<Record<string, string>>, flags?: Readonly<Record<string, string>>): string {
  try {
    load(env, flags);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("the standard variables of OpenTelemetry", () => {
  test.each<[string, Record<string, string>, Partial<LoadedConfig["config"]>]>([
    ["name the server", { OTEL_SERVICE_NAME: "queue" }, { tracingServiceName: "queue" }],
    ["name the collector", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" }, { tracingEndpoint: "http://c:4318" }],
    [
      "name where traces go, to the letter",
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c/in" },
      { tracingTracesEndpoint: "http://c/in" },
    ],
    ["name the protocol", { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }, { tracingProtocol: "http/json" }],
    ["leave out TLS", { OTEL_EXPORTER_OTLP_TRACES_INSECURE: "true" }, { tracingInsecure: true }],
    ["bound a post", { OTEL_EXPORTER_OTLP_TIMEOUT: "250" }, { tracingTimeoutMs: 250 }],
    [
      "bound a post, those of traces first",
      { OTEL_EXPORTER_OTLP_TIMEOUT: "250", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "300" },
      { tracingTimeoutMs: 300 },
    ],
    [
      "choose a sampler and its share",
      { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" },
      { tracingSampler: "traceidratio", tracingSampleRatio: 0.25 },
    ],
  ])("%s", (_, env, expected) => {
    const { config, warnings } = load({ ...ON, ...env });
    expect(config).toMatchObject(expected);
    expect(warnings).toEqual([]);
  });

  test("our own go before them", () => {
    const env = { TRACING_SAMPLE_RATIO: "0.5", OTEL_TRACES_SAMPLER_ARG: "0.25" };
    expect(load({ ...ON, ...env }).config.tracingSampleRatio).toBe(0.5);
  });

  test.each([
    ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "must be one of http/json"],
    ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf", "must be one of http/json"],
    ["OTEL_TRACES_EXPORTER", "zipkin", "must be one of otlp, none"],
    ["OTEL_TRACES_EXPORTER", "otlp,console", "must be one of otlp, none"],
    [
      "OTEL_TRACES_SAMPLER",
      "jaeger_remote",
      "must be one of always_on, always_off, traceidratio, parentbased_always_on",
    ],
    ["OTEL_TRACES_SAMPLER_ARG", "2", "must be a number from 0 to 1"],
    ["OTEL_EXPORTER_OTLP_TIMEOUT", "5s", "must be a whole number of milliseconds from 1 to 600000"],
  ])("%s=%s is refused when tracing is on, and nobody's business when it is off", (variable, value, reason) => {
    expect(refusal({ ...ON, [variable]: value })).toContain(
      `environment variable ${variable}: ${JSON.stringify(value)} is not valid, ${reason}`,
    );
    expect(load({ [variable]: value }).warnings).toEqual([]);
    expect(load({ ...ON, OTEL_SDK_DISABLED: "true", [variable]: value }).config.tracing).toBe(true);
  });

  test("a flag is refused in any case", () => {
    expect(refusal({}, { "tracing-sampler": "some" })).toContain("flag --tracing-sampler");
  });

  test.each([
    ["OTEL_SDK_DISABLED", "true"],
    ["OTEL_TRACES_EXPORTER", "none"],
  ])("%s=%s keeps tracing off, with a word to who asked for it", (variable, value) => {
    expect(tracingWanted(load(ON).config)).toBe(true);
    const { config, warnings } = load({ ...ON, [variable]: value });
    expect(tracingWanted(config)).toBe(false);
    expect(warnings).toEqual([`no effect: tracing is asked for, and kept off by environment variable ${variable}`]);
  });

  test("those that codeq does not read are named, if it traces", () => {
    const env = { OTEL_PROPAGATORS: "b3", OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_RESOURCE_ATTRIBUTES: "a=b" };
    expect(load({ ...ON, ...env }).warnings).toEqual([
      "no effect: OTEL_BSP_MAX_QUEUE_SIZE, OTEL_PROPAGATORS (codeq does not read them)",
    ]);
    expect(load(env).warnings).toEqual([]);
  });

  test("a share that the sampler does not go by is pointed out", () => {
    expect(load({ ...ON, OTEL_TRACES_SAMPLER: "always_on", TRACING_SAMPLE_RATIO: "0.1" }).warnings).toEqual([
      "no effect: environment variable TRACING_SAMPLE_RATIO (the sampler is always_on)",
    ]);
  });
});
