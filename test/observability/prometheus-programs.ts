import { type Prometheus, prometheusForTests } from "../../scripts/install-prometheus.ts";

const found = prometheusForTests();
if (found === undefined) {
  process.stderr.write(
    "skipped: the tests of alerts and dashboards need Prometheus; `bun scripts/install-prometheus.ts` gets it\n",
  );
}

/** True on a machine without Prometheus; never where a skipped test would go unnoticed. */
export const PROMETHEUS_MISSING = found === undefined;

/** To be used only by tests that are not skipped. */
export function prometheusPrograms(): Prometheus {
  if (found === undefined) throw new Error("Prometheus is not there");
  return found;
}
