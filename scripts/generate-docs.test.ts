import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settings } from "../src/server/config/settings.ts";
import { API_ROUTES } from "../src/server/http/routes/api-routes.ts";
import { generateDocs } from "./generate-docs.ts";

const DOCS = join(dirname(import.meta.dirname), "docs");
const pages = await generateDocs();

describe("generated pages", () => {
  for (const [name, text] of pages) {
    test(`${name} is what the sources say; else \`bun run generate:docs\` puts it right`, () => {
      expect(readFileSync(join(DOCS, name), "utf8")).toBe(text);
    });
  }

  test("every setting is there with its flag, its variables and its key", () => {
    const page = pages.get("configuration.md");
    for (const { key, flag, env } of Object.values(settings)) {
      for (const name of [key, ...env, ...(flag === undefined ? [] : [`--${flag}`])])
        expect(page).toContain(`\`${name}\``);
    }
  });

  test("every route is there", () => {
    const page = pages.get("http-api.md");
    for (const { method, path } of API_ROUTES) {
      expect(page).toContain(`### ${method} /v1/codeq${path.replaceAll(/:(\w+)/g, "{$1}")}\n`);
    }
  });
});

describe("pages by hand", () => {
  for (const name of readdirSync(DOCS).filter((file) => file.endsWith(".md"))) {
    test(`${name} links to headings and files that exist`, () => {
      const broken = linksOf(readFileSync(join(DOCS, name), "utf8")).filter((link) => !leadsSomewhere(link, name));
      expect(broken).toEqual([]);
    });
  }
});

/** Targets of links that stay within the project. */
function linksOf(markdown: string): string[] {
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return links.filter((target) => !/^https?:/.test(target));
}

function leadsSomewhere(link: string, from: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? join(DOCS, from) : join(DOCS, file);
  return existsSync(path) && (anchor === undefined || anchorsOf(readFileSync(path, "utf8")).has(anchor));
}

/** As forges make them: small letters, spaces to dashes, no punctuation. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}
