import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

/** What can be said about image and compose files without an engine; `containers.test.ts` builds and runs them. */
const ROOT = dirname(dirname(import.meta.dir));
const DOCKERFILE = read("Dockerfile");
const Manifest = z.object({ version: z.string() });
const Stack = z.object({
  services: z.object({ codeq: z.object({ build: z.object({ args: z.record(z.string(), z.string()) }) }) }),
});

test("the image has the version of the project, and its Bun", () => {
  expect(argument("VERSION")).toBe(Manifest.parse(JSON.parse(read("package.json"))).version);
  expect(argument("BUN_VERSION")).toBe(/bun@([\d.]+)/.exec(read(".ci/run"))?.[1]);
});

// Not every engine keeps it, so that the image itself cannot be asked.
test("the image says how its health is found out", () => {
  expect(DOCKERFILE).toMatch(/^HEALTHCHECK --interval=\d+s .*CMD \["codeq", "health"\]$/m);
});

test.each(["local-dev", "production"])("the stack %s hands on what the image was built from", (name) => {
  const stack = Stack.parse(Bun.YAML.parse(read(`deploy/docker-compose/${name}/compose.yaml`)));
  const { args } = stack.services.codeq.build;
  expect(args).toEqual({ COMMIT: "${COMMIT:-}", COMMIT_DATE: "${COMMIT_DATE:-}", SOURCE: "${SOURCE:-}" });
  for (const one of Object.keys(args)) expect(argument(one)).toBe('""');
});

/** The default of the last one with this name: that of the image itself. */
function argument(name: string): string | undefined {
  return [...DOCKERFILE.matchAll(new RegExp(`^ARG ${name}=(.*)$`, "gm"))].at(-1)?.[1];
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
