/** A Markdown table. Pipes and line breaks in cells do not break it. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(" | ")} |\n`;
  return `${line(heads)}|${"---|".repeat(heads.length)}\n${rows.map(line).join("")}`;
}

export function code(text: string): string {
  return `\`${text}\``;
}

function escapeCell(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
