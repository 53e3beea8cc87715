export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** Lines of a table with columns as wide as their contents, two spaces apart. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => widthOf(row[index] ?? ""))));
  return [titles, ...rows].map((row) =>
    columns
      .map(({ align }, index) => {
        const text = row[index] ?? "";
        const gap = " ".repeat((widths[index] ?? 0) - widthOf(text));
        return align === "right" ? gap + text : text + gap;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Lines of the same table in Markdown. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
  const rule = columns.map(({ align }) => (align === "right" ? "---:" : "---"));
  return [line(columns.map(({ title }) => title)), `| ${rule.join(" | ")} |`, ...rows.map(line)];
}

function escaped(text: string): string {
  return text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");
}

function widthOf(text: string): number {
  return Bun.stringWidth(text);
}
