import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildClient } from "../scripts/build-client.ts";
import { run } from "./run-program.ts";
import { SdkServer } from "./sdk-server.ts";
import { TemporaryDirectory } from "./server-process.ts";

const ROOT = dirname(import.meta.dir);
const TIME_LIMIT_MS = 60_000;

beforeAll(() => buildClient(ROOT), TIME_LIMIT_MS);

describe("the built client", () => {
  test(
    "runs on Node",
    async () => {
      await using server = await SdkServer.start();
      const { workerPort, producerPort } = server.process;
      const addresses = [server.process.url, `127.0.0.1:${producerPort}`, `127.0.0.1:${workerPort}`];
      const { code, output } = await run(["node", "test/node-life.mjs", ...addresses], ROOT);
      expect([code, output]).toEqual([0, expect.stringContaining("{")]);
      const life = JSON.parse(output) as { readonly node: string };
      expect(life).toMatchObject({ settled: ["nacked accepted", "completed accepted"], result: { doubled: 42 } });
      expect(Number(/^v(\d+)/.exec(life.node)?.[1])).toBeGreaterThanOrEqual(20);
    },
    TIME_LIMIT_MS,
  );

  test(
    "has declarations that a strict program of another package compiles with",
    async () => {
      using directory = new TemporaryDirectory();
      mkdirSync(directory.at("node_modules"));
      symlinkSync(ROOT, directory.at("node_modules/codeq"));
      for (const name of ["zod", "@types"])
        symlinkSync(join(ROOT, "node_modules", name), directory.at(`node_modules/${name}`));
      writeFileSync(directory.at("package.json"), '{"type":"module"}');
      writeFileSync(directory.at("right.ts"), program("{ to: 'ann' }", "payload.to.toUpperCase()"));
      writeFileSync(directory.at("wrong.ts"), program("{ to: 7 }", "payload.from"));
      const tsc = [join(ROOT, "node_modules/.bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "false"];
      const target = [
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--lib",
        "es2022,esnext.disposable",
        "--types",
        "node",
      ];
      expect(await run([...tsc, ...target, "right.ts"], directory.path)).toEqual({ code: 0, output: "" });
      const { code, output } = await run([...tsc, ...target, "wrong.ts"], directory.path);
      expect(code).not.toBe(0);
      expect(output).toContain("Type 'number' is not assignable to type 'string'");
      expect(output).toContain("Property 'from' does not exist");
    },
    TIME_LIMIT_MS,
  );
});

function program(payload: string, use: string): string {
  return `
import { Producer, Worker } from "codeq/client";
import { z } from "zod";
const schemas = { EMAIL: z.object({ to: z.string() }) };
const producer = new Producer({ token: "t", schemas });
void producer.create({ command: "EMAIL", payload: ${payload} });
void new Worker({ token: "t", schemas, handler: ({ payload }) => ({ sent: ${use} }) });
`;
}
