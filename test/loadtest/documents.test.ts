import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { K6_VERSION } from "../../src/loadtest/k6-version.ts";
import { SCENARIOS } from "../../src/loadtest/scenarios.ts";

const ROOT = dirname(dirname(import.meta.dir));
const README = read("loadtest/README.md");
const COMPOSE = read("deploy/docker-compose/local-dev/compose.yaml");

type Defaults = Readonly<Record<string, string>>;

/** What the six scripts share, and so does what they take from the environment. */
const LIB: Defaults = Object.fromEntries(
  readdirSync(join(ROOT, "loadtest/k6/lib")).flatMap((file) => Object.entries(defaultsOf(`lib/${file}`))),
);

describe("the page of the scenarios", () => {
  const rows = new Map([...README.matchAll(/^\| `(\d\d_\w+\.js)` \| [^|]+ \| ([^|]+) \|$/gm)].map(rowOf));

  test("has a row for each, as `codeq loadtest list` has", () => {
    const scripts = readdirSync(join(ROOT, "loadtest/k6")).filter((name) => name.endsWith(".js"));
    expect([...rows.keys()]).toEqual(scripts.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(SCENARIOS.map(({ file }) => file)).toEqual([...rows.keys()]);
  });

  test.each(SCENARIOS)("names every variable of $file with its default", ({ file }) => {
    expect(rows.get(file)).toEqual(defaultsOf(file));
  });

  test("names every variable they share with its default", () => {
    const paragraph = /^Common to all: .*?\n\n/ms.exec(README)?.[0] ?? "";
    expect(documented(paragraph.replaceAll("\n", " "))).toMatchObject(LIB);
    for (const name of namesOf("lib/producer.js")) expect(paragraph).toContain(`\`${name}\``);
  });
});

test.each(SCENARIOS)("the list of scenarios gives the defaults of $file", ({ file, variables }) => {
  const listed = Object.fromEntries(variables.split(" ").map((one) => one.split("=")));
  expect({ ...LIB, ...defaultsOf(file) }).toMatchObject(listed);
});

test("the k6 service hands every variable on", () => {
  const handedOn = [...COMPOSE.matchAll(/^ {6}- ([A-Z0-9_]+)(?:=.*)?$/gm)].map(([, name = ""]) => name);
  const scripts = [
    ...SCENARIOS.map(({ file }) => file),
    ...readdirSync(join(ROOT, "loadtest/k6/lib")).map((name) => `lib/${name}`),
  ];
  expect(handedOn).toEqual(expect.arrayContaining(scripts.flatMap(namesOf)));
});

test("one version of k6 runs the scenarios, wherever", () => {
  expect(README).toContain(`go.k6.io/k6@${K6_VERSION}\``);
  expect(COMPOSE).toContain(`image: grafana/k6:\${K6_VERSION:-${K6_VERSION.slice(1)}}\n`);
});

/** Variables a script reads that have one default; what is computed from others has none. */
function defaultsOf(script: string): Defaults {
  const calls = read(`loadtest/k6/${script}`).matchAll(/\benv\w+\("(\w+)", \[?("[^"]*"|[\d_.]+)\]?[,)]/g);
  return Object.fromEntries([...calls].map(([, name = "", value = ""]) => [name, literal(value)]));
}

function literal(source: string): string {
  return source.startsWith('"') ? source.slice(1, -1) : source.replaceAll("_", "");
}

function namesOf(script: string): readonly string[] {
  return [...read(`loadtest/k6/${script}`).matchAll(/\benv\w+\("(\w+)"/g)].map(([, name = ""]) => name);
}

function rowOf([, script = "", variables = ""]: RegExpExecArray): readonly [string, Defaults] {
  return [script, documented(variables)];
}

/** `NAME` (default), perhaps with an explanation behind a semicolon. */
function documented(text: string): Defaults {
  const pairs = text.matchAll(/`([A-Z0-9_]+)` \(([^);]+)/g);
  return Object.fromEntries([...pairs].map(([, name = "", value = ""]) => [name, value]));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
