import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = dirname(import.meta.dir);
const PAGES = ["*.md", "docs/*.md", "loadtest/*.md"].flatMap((glob) => [...new Bun.Glob(glob).scanSync(ROOT)]);

test.each(PAGES)("every file and picture that %s points at is there", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const targets = Array.from(text.matchAll(/\]\(([^)#\s]+)/g), ([, target = ""]) => target);
  const missing = targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(ROOT, dirname(page), target)));
  expect(missing).toEqual([]);
});
