import { foreignSettings, refusedSwitches } from "../../src/server/config/foreign-settings.ts";
import type { Setting, SettingGroup } from "../../src/server/config/setting.ts";
import { settings } from "../../src/server/config/settings.ts";
import { EXIT_CODES } from "../../src/server/start-error.ts";
import { code, table } from "./table.ts";

const HEAD = `# Configuration

<!-- Made by \`bun run generate:docs\` from the table of settings. Do not edit. -->

A setting is taken from, in this order: the flag, the environment variable (the first of those listed that is set; an empty
one is not), the configuration file, the default. The file is YAML or JSON, named by \`--config\` or \`CODEQ_CONFIG_PATH\`;
dots in a key are nesting. Unknown flags, unknown keys and values out of range are refused, with the range.

\`codeq config\` prints what is in force and where each value comes from, with secrets masked; \`codeq config --json\` does so
for programs.
`;

const GROUP_NOTES: Readonly<Record<SettingGroup, string>> = {
  Listening: "Where the server can be reached. One port for HTTP, two for gRPC.",
  Data: "Where tasks are kept, and what an acknowledgement is worth.",
  Queue: "What becomes of a task in the course of time.",
  Limits: "The bound of everything a client can make large.",
  Streams: "The same for gRPC streams.",
  "Rate limits":
    "For each token, HTTP and streams together. What is over is refused over HTTP and waits on streams. A limit is in force when both its values are over 0.",
  Auth: "Who may use the server. Without any of this, and on the loopback address only, the token `dev-token` is taken.",
  Operation: "Logs and the end of the process.",
  Tracing:
    "Off unless asked for. Of the standard variables `OTEL_EXPORTER_OTLP_HEADERS`, `_COMPRESSION`, `_CERTIFICATE`, `_CLIENT_CERTIFICATE` and `_CLIENT_KEY` (also with `_TRACES` before them) and `OTEL_RESOURCE_ATTRIBUTES` are heeded as well; when tracing is on, values that codeq cannot follow are refused, and other `OTEL_` variables are named in a warning.",
};

/** Every setting, made from the table that reads them. */
export function configurationPage(): string {
  const rows: readonly Setting<unknown>[] = Object.values(settings);
  const groups = [...Map.groupBy(rows, ({ group }) => group)].map(([group, members]) => groupSection(group, members));
  return [HEAD, ...groups, exitCodesSection(), foreignSection()].join("\n");
}

function groupSection(group: SettingGroup, rows: readonly Setting<unknown>[]): string {
  const cells = rows.map((row) => [
    row.flag === undefined ? "" : code(`--${row.flag}`),
    row.env.map(code).join(", "),
    code(row.key),
    row.fallback === undefined ? "none" : code(row.kind.show(row.fallback)),
    `${row.help}. Must be ${row.kind.expects}`,
  ]);
  return `## ${group}\n\n${GROUP_NOTES[group]}\n\n${table(["Flag", "Variable", "Key", "Default", "Meaning"], cells)}`;
}

function exitCodesSection(): string {
  const rows = Object.values(EXIT_CODES).map((row) => [String(row.code), row.meaning]);
  rows.push(["130, 143", "a second SIGINT or SIGTERM ended it at once"]);
  return `## Exit codes\n\n${table(["Code", "Meaning"], rows)}`;
}

function foreignSection(): string {
  const ignored = foreignSettings.map(({ key, env, why }) => [code(key), env.map(code).join(", "), why]);
  const refused = refusedSwitches.map(({ key, env }) => [code(key), env === undefined ? "" : code(env)]);
  return (
    "## Settings of other servers of this protocol\n\n" +
    `These may stay in a configuration that is taken over. They have no effect, and a warning at the start says so.\n\n${table(["Key", "Variable", "Why"], ignored)}\n` +
    `These ask for what codeq does not do. Switched on, they keep it from starting.\n\n${table(["Key", "Variable"], refused)}`
  );
}
