import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadTest } from "./dashboards/load-test.ts";
import { overview } from "./dashboards/overview.ts";
import { renderDashboard } from "./dashboards/render-dashboard.ts";
import { server } from "./dashboards/server.ts";

/** What lies in `deploy/grafana/dashboards`: text by file name. */
export function generateDashboards(): ReadonlyMap<string, string> {
  return new Map([overview, server, loadTest].map((one) => [`${one.uid}.json`, renderDashboard(one)]));
}

if (import.meta.main) {
  const directory = join(dirname(import.meta.dirname), "deploy", "grafana", "dashboards");
  for (const [name, text] of generateDashboards()) writeFileSync(join(directory, name), text);
}
