import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

export const DASHBOARDS = join(dirname(dirname(import.meta.dir)), "deploy", "grafana", "dashboards");

const Place = z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1), h: z.int().min(1) });
const Datasource = z.object({ type: z.literal("prometheus"), uid: z.literal("${datasource}") });
const Target = z.object({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: Datasource,
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
});
const Panel = z.discriminatedUnion("type", [
  z.object({ id: z.int(), type: z.literal("row"), title: z.string().min(1), gridPos: Place }),
  z.object({
    id: z.int(),
    type: z.enum(["timeseries", "stat"]),
    title: z.string().min(1),
    description: z.string().min(1),
    datasource: Datasource,
    gridPos: Place,
    targets: z.array(Target).min(1),
    fieldConfig: z.object({ defaults: z.object({ unit: z.string().min(1) }) }),
  }),
]);
const Dashboard = z.object({
  uid: z.string().min(1).max(40),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(Panel).min(1),
});

export type DashboardFile = z.output<typeof Dashboard> & { readonly file: string };

/** The dashboards as they are provisioned. */
export function readDashboards(): DashboardFile[] {
  return readdirSync(DASHBOARDS).map((file) => {
    const parsed: unknown = JSON.parse(readFileSync(join(DASHBOARDS, file), "utf8"));
    return { file, ...Dashboard.parse(parsed) };
  });
}

export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
  /** Labels that the names of lines are made of. */
  readonly labels: readonly string[];
}

/**
 * Every query with the panel it belongs to; variables stand for everything, rates go over ten seconds. What stands in for
 * missing data is left out: it would be there whatever is asked for.
 */
export function queriesOf({ panels }: DashboardFile): PanelQuery[] {
  return panels.flatMap((panel) => {
    if (panel.type === "row") return [];
    return panel.targets.map(({ expr, legendFormat }) => ({
      panel: panel.title,
      expr: expr
        .replaceAll("$__rate_interval", "10s")
        .replaceAll(/\$(instance|command)/g, ".*")
        .replace(/ or vector\(0\)$/, ""),
      labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label),
    }));
  });
}
