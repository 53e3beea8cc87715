import type { Metric, Registry } from "prom-client";

/** A metric whose values are worked out when somebody scrapes: nothing is paid for it in between. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  collect(): readonly Sample[] | Promise<readonly Sample[]>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** For the parts of a histogram; the family's name when undefined. */
  readonly metricName?: string;
}

export function register(registry: Registry, family: Family): void {
  const { name, help, type } = family;
  const metric = { name, help, type, get: async () => ({ name, help, type, values: await family.collect() }) };
  // The registry asks a metric for its name and for `get` only; the library's own classes would look the labels of
  // each observation up anew, which costs more than the operation observed.
  registry.registerMetric(metric as unknown as Metric);
}
