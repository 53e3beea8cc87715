import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

type Root = "always_on" | "always_off" | "traceidratio";

/** As `OTEL_TRACES_SAMPLER` has it; `parentbased`: what a caller began is recorded if the caller does so. */
export type SamplerName = Root | `parentbased_${Root}`;

/** @param ratio share of new traces that are recorded, for those that go by it */
export function samplerOf(name: SamplerName, ratio: number): Sampler {
  switch (name) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
    case "parentbased_always_on":
    case "parentbased_always_off":
    case "parentbased_traceidratio":
      // The name of its root stands behind the underscore.
      return new ParentBasedSampler({ root: samplerOf(name.slice("parentbased_".length) as Root, ratio) });
  }
}
