/** Text that is markup already. Everything else is escaped where it enters a page. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Insertable = string | number | Markup | undefined | readonly Insertable[];

/** A piece of HTML or SVG: what is put in is escaped unless it is markup; lists are joined, undefined is nothing. */
export function markup(texts: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return new Markup(texts.map((text, index) => text + inserted(values[index])).join(""));
}

function inserted(value: Insertable): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(inserted).join("");
  return Bun.escapeHTML(String(value));
}
