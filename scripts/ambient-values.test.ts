import { describe, expect, test } from "bun:test";
import { brokenRules } from "./broken-rules.ts";

const RULES = new Set([
  "no-restricted-globals",
  "no-restricted-properties",
  "no-console",
  "no-process-env",
  "no-process-exit",
]);

/** What a file uses without having been given it, and whether it may. */
const USES: readonly (readonly [path: string, expression: string, allowed: boolean])[] = [
  ["src/server/queue/task-queue.ts", "Date.now()", false],
  ["src/server/queue/task-queue.ts", "new Date()", false],
  ["src/server/queue/task-queue.ts", "performance.now()", false],
  ["src/server/queue/task-queue.ts", "Math.random()", false],
  ["src/server/queue/task-queue.ts", "crypto.randomUUID()", false],
  ["src/server/queue/task-queue.ts", "setTimeout(run, 1)", false],
  ["src/server/queue/task-queue.ts", "globalThis.setTimeout(run, 1)", false],
  ["src/server/queue/task-queue.ts", "console.log(run)", false],
  ["src/server/queue/waiters.ts", "setTimeout(run, 1)", true],
  ["src/server/store/sqlite/shard.ts", "Date.now()", false],
  ["src/server/store/sqlite/shard.ts", "new Date()", false],
  ["src/server/store/sqlite/shard.ts", "setInterval(run, 1)", false],
  ["src/server/store/sqlite/shard.ts", "Math.random()", false],
  ["src/server/http/http-server.ts", "Date.now()", false],
  ["src/server/http/http-server.ts", "new Date()", false],
  ["src/server/http/http-server.ts", "Bun.sleep(1)", false],
  ["src/server/http/http-server.ts", "crypto.randomUUID()", false],
  ["src/server/http/routes/tasks.ts", "setTimeout(run, 1)", false],
  ["src/server/rfc3339.ts", "new Date(0)", true],
  ["src/server/rfc3339.ts", "Date.now()", false],
  ["src/server/auth/static-provider.ts", "new Date()", false],
  ["src/server/metrics.ts", "Date.now()", false],
  ["src/server/metrics.ts", "process.exit(1)", false],
  ["src/server/config/settings.ts", "process.env", false],
  ["src/server/clock.ts", "Date.now()", true],
  ["src/server/maintenance.ts", "setTimeout(run, 1)", true],
  ["src/server/serve.ts", "Math.random()", true],
  ["src/server/serve.ts", "console.log(run)", false],
  ["src/cli.ts", "console.log(run)", true],
  ["src/cli.ts", "process.env", true],
  ["src/bench/pacer.ts", "performance.now()", true],
];

describe("time, chance, environment and terminal", () => {
  const sources = new Map<string, string>();
  for (const path of new Set(USES.map(([file]) => file))) {
    // One use to a line, in the order of the table.
    const uses = USES.filter(([file]) => file === path).map(([, expression]) => expression);
    sources.set(path, uses.map((use, n) => `export const use${n} = (run: () => void): unknown => ${use};\n`).join(""));
  }
  const broken = brokenRules(sources).filter(({ rule }) => RULES.has(rule));
  for (const [path, expression, allowed] of USES) {
    test(`${path} ${allowed ? "may" : "may not"} use ${expression}`, () => {
      const line = USES.filter(([file]) => file === path).findIndex(([, use]) => use === expression) + 1;
      expect(broken.some((finding) => finding.path === path && finding.line === line)).toBe(!allowed);
    });
  }
});
