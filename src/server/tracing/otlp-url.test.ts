import { expect, test } from "bun:test";
import { exactUrl, otlpUrl } from "./otlp-url.ts";

const ENDPOINTS: readonly (readonly [endpoint: string, insecure: boolean, url: string | undefined])[] = [
  ["http://localhost:4318", false, "http://localhost:4318/v1/traces"],
  ["http://collector:4318/", false, "http://collector:4318/v1/traces"],
  ["https://collector/otlp", true, "https://collector/otlp/v1/traces"],
  ["https://collector/otlp/v1/traces", false, "https://collector/otlp/v1/traces"],
  ["jaeger:4317", true, "http://jaeger:4318/v1/traces"],
  ["jaeger:4318", false, "https://jaeger:4318/v1/traces"],
  ["localhost:4317", false, "http://localhost:4318/v1/traces"],
  ["[::1]:4318", false, "http://[::1]:4318/v1/traces"],
  ["http://collector:4317", false, "http://collector:4318/v1/traces"],
  ["ftp://collector", false, undefined],
  ["http://", false, undefined],
  ["a b", true, undefined],
];

for (const [endpoint, insecure, url] of ENDPOINTS) {
  test(`traces for ${endpoint}${insecure ? ", insecure," : ""} go ${url === undefined ? "nowhere" : `to ${url}`}`, () => {
    expect(otlpUrl(endpoint, insecure)).toBe(url);
  });
}

for (const [endpoint, url] of [
  ["http://collector:4317/in?key=1", "http://collector:4317/in?key=1"],
  ["https://collector", "https://collector/"],
  ["collector:4318", undefined],
  ["nonsense", undefined],
] as const) {
  test(`traces for exactly ${endpoint} go ${url === undefined ? "nowhere" : `to ${url}`}`, () => {
    expect(exactUrl(endpoint)).toBe(url);
  });
}
