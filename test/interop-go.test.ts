import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureInteropBuilt, mayGoWithoutGo } from "./interop-go.ts";
import { SdkServer, TOKEN } from "./sdk-server.ts";

/** Building with an empty cache compiles all of grpc-go. */
const BUILD_TIME_LIMIT_MS = 300_000;

/** The names of the checks are in the client's source, so that each is a test here. */
const SOURCES = join(import.meta.dir, "interop-go");
const CHECKS = readdirSync(SOURCES)
  .filter((name) => name.endsWith(".go"))
  .flatMap((name) => [...readFileSync(join(SOURCES, name), "utf8").matchAll(/^\t\{"(.+)", \w+\},$/gm)])
  .map(([, check = ""]) => check);

describe.skipIf(mayGoWithoutGo(process.env["CODEQ_SKIPPING"]))("a client on grpc-go:", () => {
  const failures = new Map<string, string | undefined>();
  let server: SdkServer | undefined;

  beforeAll(async () => {
    const binary = ensureInteropBuilt();
    server = await SdkServer.start();
    const { producerPort, workerPort } = server.process;
    const child = Bun.spawn([binary, `127.0.0.1:${producerPort}`, `127.0.0.1:${workerPort}`, TOKEN], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    for (const line of (await new Response(child.stdout).text()).trim().split("\n")) {
      const { check, failed } = JSON.parse(line) as { readonly check: string; readonly failed?: string };
      failures.set(check, failed);
    }
    expect(await child.exited).toBe(0);
  }, BUILD_TIME_LIMIT_MS);

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  test("there are checks, and all of them ran", () => {
    expect(CHECKS.length).toBeGreaterThan(15);
    expect([...failures.keys()].sort()).toEqual([...CHECKS].sort());
  });

  for (const check of CHECKS) {
    test(check, () => {
      expect(failures.get(check)).toBeUndefined();
    });
  }
});
