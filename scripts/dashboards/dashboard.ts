/** A dashboard in the few words that differ from one to the next; `renderDashboard` adds what Grafana wants besides. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** What a reader should make of it. */
  readonly description: string;
  readonly kind: "graph" | "number";
  readonly unit: Unit;
  /** Of 24 columns; the panels of a row fill it or leave room at its end. */
  readonly columns: number;
  readonly queries: readonly Query[];
}

/** As Grafana names them. */
export type Unit = "short" | "ops" | "reqps" | "s" | "bytes" | "percentunit" | "none";

export interface Query {
  /** PromQL; `SERVER` and `LANE` stand for the label matchers of the chosen servers and commands. */
  readonly expr: string;
  /** What a line is called; `{{label}}` is filled in. */
  readonly legend: string;
}

/** One line for each quantile of a histogram. */
export function quantiles(metric: string, matchers: string): Query[] {
  return [0.5, 0.95, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket{${matchers}}[$__rate_interval])))`,
    legend: `p${quantile * 100}`,
  }));
}

/** Events per second, all lines together. */
export function rateOf(metric: string, matchers: string): string {
  return `sum(rate(${metric}{${matchers}}[$__rate_interval]))`;
}

/** Events per second, a line for each value of a label. */
export function rateBy(label: string, metric: string, matchers: string): string {
  return `sum by (${label}) (rate(${metric}{${matchers}}[$__rate_interval]))`;
}
