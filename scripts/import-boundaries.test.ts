import { describe, expect, test } from "bun:test";
import { brokenRules } from "./broken-rules.ts";

/** Who imports what, and whether the architecture allows it. */
const IMPORTS: readonly (readonly [importer: string, imported: string, allowed: boolean])[] = [
  ["src/server/queue/task-queue.ts", "./task.ts", true],
  ["src/server/queue/task-queue.ts", "../store/memory-store.ts", false],
  ["src/server/queue/task-queue.ts", "./../store/memory-store.ts", false],
  ["src/server/queue/task-queue.ts", "../log.ts", false],
  ["src/server/queue/task-queue.ts", "node:crypto", false],
  ["src/server/queue/task-queue.ts", "bun:sqlite", false],
  ["src/server/queue/task-queue.ts", "bun", false],
  ["src/server/queue/task-queue.ts", "zod", false],
  ["src/server/queue/task-queue.test.ts", "bun:test", true],
  ["src/server/queue/task-queue.test.ts", "../store/memory-store.ts", true],
  ["src/server/queue/task-queue.test.ts", "fast-check", true],

  ["src/server/json/json-scan.ts", "./json-text.ts", true],
  ["src/server/json/json-scan.ts", "../queue/errors.ts", false],
  ["src/server/json/json-scan.ts", "node:buffer", false],
  ["src/server/store/open-store.ts", "../json/json-scan.ts", false],

  ["src/server/store/open-store.ts", "./sqlite/shard.ts", true],
  ["src/server/store/open-store.ts", "../queue/store.ts", true],
  ["src/server/store/open-store.ts", "node:fs/promises", true],
  ["src/server/store/open-store.ts", "bun:sqlite", true],
  ["src/server/store/open-store.ts", "../config.ts", false],
  ["src/server/store/open-store.ts", "./../config.ts", false],
  ["src/server/store/open-store.ts", "../http/http-server.ts", false],
  ["src/server/store/open-store.ts", "pino", false],
  ["src/server/store/sqlite/shard.ts", "./claiming.ts", true],
  ["src/server/store/sqlite/shard.ts", "../durability.ts", true],
  ["src/server/store/sqlite/shard.ts", "../../queue/task.ts", true],
  ["src/server/store/sqlite/shard.ts", "bun:sqlite", true],
  ["src/server/store/sqlite/shard.ts", "../../serve.ts", false],
  ["src/server/store/sqlite/shard.ts", "../../config/settings.ts", false],
  ["src/server/store/sqlite/shard.ts", "../../http/http-server.ts", false],

  ["src/server/auth/static-provider.ts", "./principal.ts", true],
  ["src/server/auth/static-provider.ts", "../queue/errors.ts", true],
  ["src/server/auth/static-provider.ts", "node:crypto", true],
  ["src/server/auth/static-provider.ts", "../http/http-server.ts", false],
  ["src/server/auth/static-provider.ts", "../store/open-store.ts", false],

  ["src/server/http/http-server.ts", "./routes/tasks.ts", true],
  ["src/server/http/http-server.ts", "../queue/task-queue.ts", true],
  ["src/server/http/http-server.ts", "../auth/principal.ts", true],
  ["src/server/http/http-server.ts", "../json/json-text.ts", true],
  ["src/server/http/routes/tasks.ts", "../../json/json-text.ts", true],
  ["src/server/http/http-server.ts", "../log.ts", true],
  ["src/server/http/http-server.ts", "../../build-info.ts", true],
  ["src/server/http/http-server.ts", "elysia", true],
  ["src/server/http/http-server.ts", "zod", true],
  ["src/server/http/http-server.ts", "../store/open-store.ts", false],
  ["src/server/http/http-server.ts", "../store/sqlite/shard.ts", false],
  ["src/server/http/http-server.ts", "../grpc/server.ts", false],
  ["src/server/http/http-server.ts", "../config.ts", false],
  ["src/server/http/http-server.ts", "./../config.ts", false],
  ["src/server/http/http-server.ts", "bun:sqlite", false],
  ["src/server/http/routes/tasks.ts", "../limits.ts", true],
  ["src/server/http/routes/tasks.ts", "../../queue/task-queue.ts", true],
  ["src/server/http/routes/tasks.ts", "../../store/open-store.ts", false],
  ["src/server/http/routes/tasks.ts", "../../serve.ts", false],
  ["src/server/http/routes/tasks.ts", "../../metrics.ts", true],

  ["src/server/grpc/grpc-server.ts", "./grpc-status.ts", true],
  ["src/server/grpc/grpc-server.ts", "../queue/task-queue.ts", true],
  ["src/server/grpc/grpc-server.ts", "../../../proto/generated/worker.ts", true],
  ["src/server/grpc/grpc-server.ts", "../json/json-scan.ts", true],
  ["src/server/grpc/grpc-server.ts", "@grpc/grpc-js", true],
  ["src/server/grpc/grpc-server.ts", "../http/http-server.ts", false],
  ["src/server/grpc/grpc-server.ts", "../store/open-store.ts", false],
  ["src/server/grpc/grpc-server.ts", "../config.ts", false],
  ["src/server/grpc/grpc-server.ts", "./../serve.ts", false],

  ["src/server/tracing/tracing.ts", "./task-spans.ts", true],
  ["src/server/tracing/tracing.ts", "../queue/task-queue.ts", true],
  ["src/server/tracing/tracing.ts", "../http/http-tracing.ts", true],
  ["src/server/tracing/tracing.ts", "@opentelemetry/api", true],
  ["src/server/tracing/tracing.ts", "../http/http-server.ts", false],
  ["src/server/tracing/tracing.ts", "../store/open-store.ts", false],
  ["src/server/tracing/tracing.ts", "../config.ts", false],
  ["src/server/http/http-server.ts", "../tracing/tracing.ts", false],
  ["src/server/serve.ts", "@opentelemetry/api", false],

  ["src/server/serve.ts", "./store/open-store.ts", true],
  ["src/server/serve.ts", "./http/http-server.ts", true],
  ["src/server/serve.ts", "../bench/scenario.ts", false],
  ["src/server/serve.ts", "../client/producer.ts", false],
  ["src/server/serve.ts", "../cli.ts", false],
  ["src/server/metrics.ts", "bun:sqlite", false],

  ["src/bench/run.ts", "../client/producer.ts", true],
  ["src/bench/run.ts", "../server/serve.ts", false],
  ["src/bench/scenarios/cycle.ts", "../../server/queue/task.ts", false],
  ["src/bench/run.test.ts", "../server/serve.ts", false],
  ["src/client/producer.ts", "./rest-client.ts", true],
  ["src/client/producer.ts", "../server/queue/task.ts", false],
  ["src/client/producer.ts", "../bench/pacer.ts", false],
  ["src/loadtest/local-server.ts", "./scenarios.ts", true],
  ["src/loadtest/local-server.ts", "../server/serve.ts", false],
  ["src/loadtest/local-server.ts", "../bench/run.ts", false],
  ["src/cli.ts", "./server/serve.ts", true],
];

describe("import boundaries", () => {
  const ways: readonly ((path: string) => string)[] = [
    (path) => `import { x } from "${path}";\nexport const y = x;\n`,
    (path) => `import type { X } from "${path}";\nexport type Y = X;\n`,
    (path) => `export type { X } from "${path}";\n`,
    (path) => `export async function load(): Promise<unknown> {\n  return import("${path}");\n}\n`,
  ];
  // Every case in each way to import, in a file of its own beside the one it stands for.
  const cases = IMPORTS.flatMap(([importer, imported, allowed], number) =>
    ways.map((way, index) => ({
      importer,
      imported,
      allowed,
      path: importer.replace(/([^/]+?)(\.test)?\.ts$/, `$1-${number}-${index}$2.ts`),
      source: way(imported),
    })),
  );
  const findings = brokenRules(new Map(cases.map(({ path, source }) => [path, source])));
  const broken = new Set(findings.filter(({ rule }) => rule === "no-restricted-imports").map(({ path }) => path));

  for (const [importer, imported, allowed] of IMPORTS) {
    test(`${importer} ${allowed ? "may" : "may not"} import ${imported}`, () => {
      const mine = cases.filter((entry) => entry.importer === importer && entry.imported === imported);
      expect(mine.map(({ path }) => broken.has(path))).toEqual(mine.map(() => !allowed));
    });
  }
});
