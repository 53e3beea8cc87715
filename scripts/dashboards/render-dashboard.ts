import type { Dashboard, Panel, Query, Row } from "./dashboard.ts";

type Json = Readonly<Record<string, unknown>>;

const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;
const GRAPH_HEIGHT = 8;
const NUMBER_HEIGHT = 4;
const COLUMNS = 24;

/** The JSON that Grafana provisions. */
export function renderDashboard({ uid, title, description, rows }: Dashboard): string {
  const panels: Json[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({ id: panels.length + 1, type: "row", title: row.title, collapsed: false, gridPos: rowPlace(y) });
    y += 1;
    const laid = layOut(row, y);
    for (const { panel, place } of laid) panels.push(panelJson(panel, panels.length + 1, place));
    y = Math.max(y, ...laid.map(({ place }) => place.y + place.h));
  }
  const dashboard = {
    uid,
    title,
    description,
    tags: ["codeq"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: "10s",
    time: { from: "now-30m", to: "now" },
    timezone: "",
    templating: { list: VARIABLES },
    panels,
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** From left to right, and on to the next line when a panel does not fit any more. */
function layOut({ panels }: Row, top: number): { readonly panel: Panel; readonly place: Place }[] {
  let x = 0;
  let y = top;
  let lineHeight = 0;
  return panels.map((panel) => {
    if (x + panel.columns > COLUMNS) {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    const place = { x, y, w: panel.columns, h: panel.kind === "graph" ? GRAPH_HEIGHT : NUMBER_HEIGHT };
    x += panel.columns;
    lineHeight = Math.max(lineHeight, place.h);
    return { panel, place };
  });
}

function rowPlace(y: number): Place {
  return { x: 0, y, w: COLUMNS, h: 1 };
}

function panelJson({ title, description, kind, unit, queries }: Panel, id: number, gridPos: Place): Json {
  const common = { id, title, description, datasource: DATASOURCE, gridPos, targets: queries.map(targetJson) };
  if (kind === "number") {
    return {
      ...common,
      type: "stat",
      fieldConfig: { defaults: { unit }, overrides: [] },
      options: {
        reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
        colorMode: "none",
        graphMode: "area",
      },
    };
  }
  return {
    ...common,
    type: "timeseries",
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}

function targetJson({ expr, legend }: Query, index: number): Json {
  const refId = String.fromCharCode("A".charCodeAt(0) + index);
  const written = expr
    .replaceAll("SERVER", 'instance=~"$instance"')
    .replaceAll("LANE", 'instance=~"$instance", command=~"$command"');
  return { refId, datasource: DATASOURCE, expr: written, legendFormat: legend, range: true };
}

const VARIABLES: readonly Json[] = [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", current: {}, hide: 0 },
  choice("instance", "Server", "label_values(codeq_info, instance)"),
  choice("command", "Command", 'label_values(codeq_queue_depth{instance=~"$instance"}, command)'),
];

function choice(name: string, label: string, query: string): Json {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    includeAll: true,
    multi: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
    // On every change of the time range: commands come and go.
    refresh: 2,
    sort: 1,
  };
}
