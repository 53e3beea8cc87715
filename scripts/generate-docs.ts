import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configurationPage } from "./docs/configuration-page.ts";
import { httpApiPage } from "./docs/http-api-page.ts";

/** The pages of `docs/` that are made from the sources: text by file name. */
export function generateDocs(): ReadonlyMap<string, string> {
  return new Map([
    ["http-api.md", httpApiPage()],
    ["configuration.md", configurationPage()],
  ]);
}

if (import.meta.main) {
  const docs = join(dirname(import.meta.dirname), "docs");
  for (const [name, text] of generateDocs()) writeFileSync(join(docs, name), text);
}
