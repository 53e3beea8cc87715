import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Client, Producer, Worker } from "codeq/client";
import { buildClient } from "../scripts/build-client.ts";
import { connectionOf } from "../src/client/connection-options.ts";
import { producerLimits } from "../src/client/producer-options.ts";
import { workerLimits } from "../src/client/worker-options.ts";
import { run } from "./run-program.ts";
import { SdkServer, TOKEN } from "./sdk-server.ts";
import { TemporaryDirectory } from "./server-process.ts";

const ROOT = dirname(import.meta.dir);
const TIME_LIMIT_MS = 120_000;
const PAGE = readFileSync(join(ROOT, "docs/sdk.md"), "utf8");

/** The TypeScript of a page, in order. */
function snippetsOf(page: string): string[] {
  return Array.from(readFileSync(join(ROOT, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms), ([, text = ""]) => text);
}

const SNIPPETS = ["README.md", "docs/sdk.md"].flatMap((page) =>
  snippetsOf(page).map((text, index) => ({ name: `${page.replaceAll(/\W/g, "-")}-${index + 1}.ts`, text })),
);

/** A package of its own that depends on codeq. */
class Project implements Disposable {
  readonly #directory = new TemporaryDirectory();
  readonly path = this.#directory.path;

  constructor() {
    mkdirSync(this.#directory.at("node_modules"));
    symlinkSync(ROOT, this.#directory.at("node_modules/codeq"));
    for (const name of ["zod", "@types"]) {
      symlinkSync(join(ROOT, "node_modules", name), this.#directory.at(`node_modules/${name}`));
    }
    writeFileSync(this.#directory.at("package.json"), '{"type":"module"}');
  }

  write(name: string, text: string): void {
    writeFileSync(this.#directory.at(name), text);
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

describe("the programs in README.md and docs/sdk.md", () => {
  test("are programs", () => {
    expect(SNIPPETS.map(({ name }) => name)).toEqual([
      "README-md-1.ts",
      "README-md-2.ts",
      "docs-sdk-md-1.ts",
      "docs-sdk-md-2.ts",
      "docs-sdk-md-3.ts",
      "docs-sdk-md-4.ts",
    ]);
  });

  test(
    "compile, strictly, by themselves",
    async () => {
      buildClient(ROOT);
      using project = new Project();
      for (const { name, text } of SNIPPETS) project.write(name, text);
      const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext", "--types", "node"];
      const names = SNIPPETS.map(({ name }) => name);
      const tsc = join(ROOT, "node_modules/.bin/tsc");
      expect(await run([tsc, ...options, ...names], project.path)).toEqual({ code: 0, output: "" });
    },
    TIME_LIMIT_MS,
  );

  test.each(SNIPPETS)(
    "run: $name",
    async ({ name, text }) => {
      await using server = await SdkServer.start();
      using services = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
      using project = new Project();
      const { producerPort, workerPort, port } = server.process;
      // Where the page says that servers are, they are not in a test.
      const moved = [9092, 9091, 8080, 7000].reduce(
        (program, usual, index) =>
          program.replaceAll(
            `127.0.0.1:${usual}`,
            `127.0.0.1:${[producerPort, workerPort, port, services.port][index]}`,
          ),
        text,
      );
      project.write(name, moved);
      const client = server.client();
      const options = { cwd: project.path, stdin: "ignore", stdout: "pipe", stderr: "inherit" } as const;
      const program = Bun.spawn([process.execPath, name], options);
      if (text.includes("worker.run()")) {
        const [, command = "EMAIL"] = /commands: \["(\w+)"\]/.exec(text) ?? [];
        const payload = { to: "ann@example.com", subject: "Hello", image: "cat.png" };
        const { task } = await client.create({ command, payload });
        expect((await client.getResult(task.id, 60))?.result.status).toBe("COMPLETED");
        program.kill("SIGTERM");
        expect(await program.exited).toBe(0);
      } else {
        await using worker = server.worker({ handler: () => undefined });
        void worker.run();
        expect(await program.exited).toBe(0);
        expect(await new Response(program.stdout).text()).toMatch(/^task \S{36} is stored\n$|^COMPLETED\n$/);
      }
    },
    TIME_LIMIT_MS,
  );
});

interface Row {
  readonly name: string;
  readonly byDefault: string;
  readonly bounds: string;
}

/** The rows of the table below a heading. */
function rowsBelow(heading: string): Row[] {
  const [, section = ""] = PAGE.split(`\n${heading}\n`);
  const [table = ""] = section.split("\n#");
  return Array.from(
    table.matchAll(/^\| `([\w.]+)` \| ([^|]*)\| ([^|]*)\|/gm),
    ([, name = "", byDefault = "", bounds = ""]) => ({
      name,
      byDefault: byDefault.trim(),
      bounds: bounds.trim(),
    }),
  );
}

function numberOf(text: string): number {
  return text === "Infinity" ? Number.POSITIVE_INFINITY : Number(text.replaceAll(",", ""));
}

/** `backoff.baseMs` as the options have it. */
function optionOf(name: string, value: number): object {
  const [outer = "", inner] = name.split(".");
  return inner === undefined ? { [outer]: value } : { [outer]: { [inner]: value } };
}

/** The names of the options that a declaration lists, those it inherits left out. */
function declaredIn(file: string, declaration: string): string[] {
  const text = readFileSync(join(ROOT, "src/client", file), "utf8");
  const [, body = ""] = new RegExp(`interface ${declaration}\\b[^{]*\\{\\n(.*?)^\\}`, "ms").exec(text) ?? [];
  return Array.from(body.matchAll(/^ {2}readonly (\w+)\??:/gm), ([, name = ""]) => name).filter(
    (name) => name !== "timing",
  );
}

const handler = (): undefined => undefined;

describe("the tables of options", () => {
  const tables = [
    {
      heading: "### Of `Producer` and `Worker`",
      declared: declaredIn("connection-options.ts", "ConnectionOptions"),
      make: (options: object) => new Producer({ token: TOKEN, ...options }),
      defaults: connectionOf({ token: TOKEN }, "127.0.0.1:1"),
    },
    {
      heading: "### Of `Producer`",
      declared: declaredIn("producer-options.ts", "ProducerOptions"),
      make: (options: object) => new Producer({ token: TOKEN, ...options }),
      defaults: producerLimits({ token: TOKEN }),
    },
    {
      heading: "### Of `Worker`",
      declared: declaredIn("worker-options.ts", "WorkerOptions"),
      make: (options: object) => new Worker({ token: TOKEN, handler, ...options }),
      defaults: { ...workerLimits({ token: TOKEN, handler }), prefetch: 0 },
    },
    {
      heading: "### Of `Client`",
      declared: [...declaredIn("client.ts", "ClientOptions"), ...declaredIn("rest-transport.ts", "RestOptions")],
      make: (options: object) => new Client({ token: TOKEN, ...options }),
      // Not to be seen from outside.
      defaults: {},
    },
  ];

  for (const { heading, declared, make, defaults } of tables) {
    const rows = rowsBelow(heading);

    test(`${heading} has every option`, () => {
      expect(new Set(rows.map(({ name }) => name.split(".")[0]))).toEqual(new Set(declared));
    });

    for (const { name, byDefault, bounds } of rows.filter((row) => row.bounds !== "")) {
      test(`${heading} tells bounds and default of ${name}`, () => {
        const [min = Number.NaN, max = Number.NaN] = bounds.split(" to ").map(numberOf);
        for (const value of [min, max, numberOf(byDefault)]) expect(() => make(optionOf(name, value))).not.toThrow();
        const beyond = [min - 1, ...(max === Number.POSITIVE_INFINITY ? [] : [max + 1])];
        for (const value of beyond) expect(() => make(optionOf(name, value))).toThrow(`${name} is ${value}`);
        const actual: unknown = name
          .split(".")
          .reduce((part: unknown, key) => Reflect.get(Object(part), key), defaults);
        if (actual !== undefined) expect(actual).toBe(numberOf(byDefault));
      });
    }
  }
});

test("the table of methods has every method of a client", () => {
  const told = Array.from(PAGE.matchAll(/^\| `(\w+)\([^)]*\)` \|/gm), ([, name]) => name);
  const methods = Object.getOwnPropertyNames(Client.prototype).filter((name) => name !== "constructor");
  expect(new Set(told)).toEqual(new Set(methods));
});

test("the page has every code of an error", () => {
  const source = readFileSync(join(ROOT, "src/client/codeq-error.ts"), "utf8");
  const codes = Array.from(source.matchAll(/^ {2}(?:\| )?"([A-Z_]+)"/gm), ([, code = ""]) => code);
  expect(codes).toContain("OUTCOME_UNKNOWN");
  expect(codes.filter((code) => !PAGE.includes(`\`${code}\``))).toEqual([]);
});
