import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configurationPage } from "./docs/configuration-page.ts";
import { httpApiPage } from "./docs/http-api-page.ts";
import { metricsPage } from "./docs/metrics-page.ts";

/** The pages of `docs/` that are made from the sources: text by file name. */
export async function generateDocs(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["http-api.md", httpApiPage()],
    ["configuration.md", configurationPage()],
    ["metrics.md", await metricsPage()],
  ]);
}

if (import.meta.main) {
  const docs = join(dirname(import.meta.dirname), "docs");
  for (const [name, text] of await generateDocs()) writeFileSync(join(docs, name), text);
}
