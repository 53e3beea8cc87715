import { Metrics } from "../../src/server/metrics.ts";
import type { Task } from "../../src/server/queue/task.ts";
import { code, table } from "./table.ts";

const HEAD = `# Metrics

<!-- Made by \`bun run generate:docs\` from the metrics of the server. Do not edit. -->

What \`/metrics\` shows, in the text format of Prometheus. Counters of something that never happened are missing. Of a
histogram there are \`_bucket\` (with the label \`le\`), \`_sum\` and \`_count\`; latencies begin at 1 ms. The label \`command\` has at
most \`--command-labels-max\` values, and \`_other\` for the rest; its spelling is that of the first use.

[operations.md](operations.md#alerts) explains the alerts that stand on these.

`;

/** Every metric, made from a page of a server to which everything has happened once. */
export async function metricsPage(): Promise<string> {
  const page = await busyMetrics().text();
  const rows = [...page.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(
    ([, name = "", help = "", type = ""]) => [code(name), type, labelsOf(page, name).map(code).join(", "), help],
  );
  return (
    HEAD +
    table(
      ["Name", "Type", "Labels", "Meaning"],
      rows.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
    )
  );
}

function labelsOf(page: string, name: string): string[] {
  const labels = [...page.matchAll(new RegExp(`^${name}(?:_sum)?\\{(.*)\\} `, "gm"))].flatMap(([, inner = ""]) =>
    [...inner.matchAll(/(\w+)="/g)].map(([, label = ""]) => label),
  );
  return [...new Set(labels)];
}

function busyMetrics(): Metrics {
  const metrics = new Metrics({
    version: "",
    commit: "",
    durability: "off",
    startedMs: 0,
    commandLabelsMax: 1,
    diskReserveBytes: 0,
  });
  const none = { delayed: 0, leased: 0, completed: 0, failed: 0, dead: 0 };
  metrics.attach({
    stats: async () => [{ tenant: "t", command: "C", ready: [], ...none }],
    waiting: () => ({ claims: 0, results: 0 }),
    storeBytes: async () => 0,
    diskFreeBytes: async () => 0,
    storeFaulty: () => false,
    diskFull: () => false,
    wallAheadMs: () => 0,
  });
  metrics.streams.attach(() => ({ open: 0, inFlight: 0, waiting: 0 }));
  metrics.streams.ended("worker", "client");
  metrics.observer.created("C", 1);
  metrics.observer.claimed([TASK], 0);
  metrics.observer.finished("C", "completed", 0, 0);
  metrics.observer.leasesExpired("C", 1);
  metrics.requests.observe("/", "GET", 200, 0);
  metrics.requests.rateLimited("producer", "create_task");
  return metrics;
}

const TASK: Task = {
  key: { shard: 0, sequence: 1 },
  tenant: "t",
  command: "C",
  payload: "{}",
  priority: 0,
  webhook: undefined,
  trace: undefined,
  maxAttempts: 1,
  attempts: 1,
  state: "leased",
  worker: "w",
  leaseUntilMs: 0,
  error: undefined,
  result: undefined,
  createdMs: 0,
  updatedMs: 0,
};
