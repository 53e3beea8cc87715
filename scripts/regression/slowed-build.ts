import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "../build.ts";

const COPIED = ["src", "proto", "loadtest", "scripts", "package.json", "bun.lock", "tsconfig.json"];

/**
 * Builds a copy of the sources in a directory of its own.
 * @param burnNs how long its server computes for nothing in each request of the API; 0 leaves the copy as it is
 * @returns the path of the binary
 */
export function buildCopy(root: string, directory: string, burnNs: number): string {
  mkdirSync(directory, { recursive: true });
  for (const path of COPIED) cpSync(join(root, path), join(directory, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  if (burnNs > 0) {
    writeFileSync(join(directory, "src/burn.ts"), burnSource(burnNs));
    const entry = join(directory, "src/cli.ts");
    writeFileSync(entry, `import "./burn.ts";\n${readFileSync(entry, "utf8")}`);
  }
  return ensureBuilt(directory);
}

/** Around the server's own code rather than in it, so that it fits whatever becomes of that. */
function burnSource(burnNs: number): string {
  return `
const serve = Bun.serve;
const burn = () => {
  const end = Bun.nanoseconds() + ${burnNs};
  while (Bun.nanoseconds() < end);
};
Bun.serve = (options) => {
  const { fetch } = options;
  return serve.call(Bun, {
    ...options,
    fetch(request, server) {
      if (request.url.includes("/v1/")) burn();
      return fetch.call(this, request, server);
    },
  });
};
`;
}
