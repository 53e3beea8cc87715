import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { generateDashboards } from "../../scripts/generate-dashboards.ts";
import { buildK6First, K6_MISSING, k6Path } from "../loadtest/k6-run.ts";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { DASHBOARDS, type DashboardFile, queriesOf, readDashboards } from "./dashboard-file.ts";
import { freePort } from "./free-port.ts";
import { loadUntil } from "./little-load.ts";
import { PROMETHEUS_MISSING } from "./prometheus-programs.ts";
import { PrometheusServer, type Series } from "./prometheus-server.ts";

const DATA_MS_MAX = 60_000;
const DEPLOYED = join(DASHBOARDS, "..", "..");
const SCRIPTS = join(DEPLOYED, "..", "loadtest", "k6");
const Sources = z.object({
  datasources: z.array(z.object({ type: z.string(), url: z.string(), isDefault: z.boolean().default(false) })),
});
const Compose = z.object({
  services: z.record(z.string(), z.looseObject({ ports: z.array(z.string()).default([]) })),
});
const dashboards = readDashboards();

describe("the dashboards", () => {
  test("are what their sources say; else `bun run generate:dashboards` puts it right", () => {
    const generated = generateDashboards();
    expect(readdirSync(DASHBOARDS).toSorted()).toEqual([...generated.keys()].toSorted());
    for (const [name, text] of generated) expect(readFileSync(join(DASHBOARDS, name), "utf8")).toBe(text);
  });

  test("have names of their own", () => {
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
    for (const { uid, file } of dashboards) expect(file).toBe(`${uid}.json`);
  });

  for (const { title, panels, templating } of dashboards) {
    test(`${title}: panels have ids and titles of their own and do not overlap`, () => {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      expect(new Set(panels.map((panel) => panel.title)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    });

    test(`${title}: queries name known variables, and rates fit any scrape interval`, () => {
      const known = [...templating.list.map(({ name }) => name), "__rate_interval"];
      for (const panel of panels) {
        if (panel.type === "row") continue;
        expect(new Set(panel.targets.map(({ refId }) => refId)).size).toBe(panel.targets.length);
        for (const { expr } of panel.targets) {
          for (const [, name] of expr.matchAll(/\$(\w+)/g)) expect(known).toContain(name ?? "");
          for (const [range] of expr.matchAll(/(?<=\})\[[^\]]+\]/g)) expect(range).toBe("[$__rate_interval]");
        }
      }
    });
  }
});

test("Grafana is given the services of the compose file as data sources, one of them the default", () => {
  const compose = Compose.parse(yaml(join(DEPLOYED, "docker-compose", "local-dev", "compose.yaml")));
  const provisioned = join(DEPLOYED, "grafana", "provisioning", "datasources");
  const sources = readdirSync(provisioned).flatMap((file) => Sources.parse(yaml(join(provisioned, file))).datasources);
  expect(sources.map(({ type }) => type).toSorted()).toEqual(["jaeger", "prometheus"]);
  expect(sources.filter(({ isDefault }) => isDefault).map(({ type }) => type)).toEqual(["prometheus"]);
  for (const { url } of sources) {
    const { hostname, port } = new URL(url);
    // The ports that are published are those they listen on.
    expect(compose.services[hostname]?.ports.join()).toEndWith(`:${port}`);
  }
});

describe.skipIf(PROMETHEUS_MISSING || K6_MISSING)(
  "every panel shows data, and names its lines by labels it has",
  () => {
    buildK6First();

    test(
      "of a run with a little of everything, and a k6 beside it that cannot keep up",
      async () => {
        using directory = new TemporaryDirectory();
        const grpcPort = freePort();
        const flags = ["--grpc-port", String(grpcPort), "--rate-limit-admin", "1", "--rate-limit-admin-burst", "1"];
        await using server = await ServerProcess.start({ dataDir: directory.at("data"), flags });
        await using prometheus = new PrometheusServer(directory.at("prometheus"), `127.0.0.1:${server.port}`);
        const deadline = AbortSignal.timeout(DATA_MS_MAX);
        await prometheus.query("up", (series) => series.length === 1, deadline);
        const enough = new AbortController();
        const load = loadUntil({ url: server.url, grpcPort }, enough.signal);
        const k6 = startK6(directory.path, server.url, prometheus.url);

        const missing: string[] = [];
        for (const dashboard of dashboards) missing.push(...(await gapsOf(dashboard, prometheus, deadline)));
        enough.abort();
        k6.kill("SIGKILL");
        await Promise.all([load, k6.exited]);
        expect(missing).toEqual([]);
      },
      DATA_MS_MAX + 30_000,
    );
  },
);

function yaml(path: string): unknown {
  return Bun.YAML.parse(readFileSync(path, "utf8"));
}

/** What a reader would not see. */
async function gapsOf(
  dashboard: DashboardFile,
  prometheus: PrometheusServer,
  deadline: AbortSignal,
): Promise<string[]> {
  const answers = queriesOf(dashboard).map(async ({ panel, expr, labels }) => {
    const series = await prometheus.query(expr, hasData, deadline);
    const where = `${dashboard.title}, ${panel}: ${expr}`;
    if (!hasData(series)) return [where];
    const nameless = labels.filter((label) => series.some(({ metric }) => metric[label] === undefined));
    return nameless.map((label) => `${where} has lines without ${label}`);
  });
  return (await Promise.all(answers)).flat();
}

/** A quotient of two zeros is no data. */
function hasData(series: readonly Series[]): boolean {
  return series.some(({ value: [, text] }) => Number.isFinite(Number(text)));
}

/** For as long as the test may take; it is ended with it. */
function startK6(cwd: string, url: string, prometheusUrl: string): Bun.Subprocess {
  const script = join(SCRIPTS, "01_sustained_throughput.js");
  // Held back, so that iterations are dropped: their metric is not there before that.
  const limits = ["--rps", "40"];
  const command = [
    k6Path(),
    "run",
    "--quiet",
    "--address",
    "",
    ...limits,
    "--out",
    "experimental-prometheus-rw",
    script,
  ];
  return Bun.spawn(command, {
    cwd,
    env: {
      PATH: "/usr/bin:/bin",
      K6_NO_USAGE_REPORT: "true",
      K6_PROMETHEUS_RW_SERVER_URL: `${prometheusUrl}/api/v1/write`,
      K6_PROMETHEUS_RW_TREND_STATS: "p(99)",
      K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
      CODEQ_BASE_URL: url,
      RATE: "100",
      DURATION: "5m",
      PRODUCER_PREALLOC_VUS: "1",
      PRODUCER_MAX_VUS: "1",
      WORKER_VUS: "2",
    },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
}
