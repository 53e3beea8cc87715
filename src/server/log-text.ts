/** One JSON log line as people read it: `2026-01-31 12:00:00.000 WARN  message key=value`. */
export function formatLine(line: string): string {
  // The writer of the lines is ours.
  const { level, time, msg, ...fields } = JSON.parse(line) as LogLine;
  const when = (time ?? "").replace("T", " ").replace("Z", "");
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${show(value)}`);
  return `${when} ${(level ?? "").toUpperCase().padEnd(5)} ${oneLine(msg ?? "")}${rest.join("")}\n`;
}

/** As the writer of the lines makes them. */
interface LogLine {
  readonly level?: string;
  readonly time?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return /^[^\s"=]+$/.test(text) ? oneLine(text) : JSON.stringify(text);
}

/** Line ends and escape sequences in a message must not forge lines or move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
