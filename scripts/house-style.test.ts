import { describe, expect, test } from "bun:test";
import { brokenRules } from "./broken-rules.ts";

const lines = (count: number): string => "  run();\n".repeat(count);
const exports = (count: number): string =>
  Array.from({ length: count }, (_, index) => `export const a${index} = 1;\n`).join("");

/** What the linter refuses wherever it stands, by the name of its rule. */
const REFUSED: readonly (readonly [what: string, source: string, rule: string])[] = [
  ["a file of 401 lines", exports(401), "max-lines"],
  ["a function of 71 lines", `export function f(run: () => void): void {\n${lines(69)}}\n`, "max-lines-per-function"],
  ["any", "export const f = (a: any): unknown => a;\n", "no-explicit-any"],
  ["a type asserted by !", "export const f = (a: string | undefined): string => a!;\n", "no-non-null-assertion"],
  ["a hidden type error", "// @ts-ignore\nexport const f: string = 1;\n", "ban-ts-comment"],
  ["a default export", "export default 1;\n", "no-default-export"],
  ["a barrel", 'export * from "./a.ts";\n', "no-barrel-file"],
  ["an import for its side effects", 'import "./a.ts";\n', "no-unassigned-import"],
  ["a reassigned argument", "export function f(a: number): number {\n  a = 1;\n  return a;\n}\n", "no-param-reassign"],
  ["an exported function without types", "export function f(a) {\n  return a;\n}\n", "explicit-module-boundary-types"],
  ["a forgotten variable", "const a = 1;\n", "no-unused-vars"],
];

describe("the linter refuses", () => {
  const sources = new Map(REFUSED.map(([, source], index) => [`src/server/case-${index}.ts`, source]));
  sources.set("src/server/CamelCase.ts", "export const a = 1;\n");
  const fits = `export function f(run: () => void): void {\n${lines(68)}}\n`;
  sources.set("src/server/fits.ts", fits + exports(330));
  const broken = brokenRules(sources);
  const rulesOf = (path: string): string[] => broken.filter((one) => one.path === path).map((one) => one.rule);

  for (const [index, [what, , rule]] of REFUSED.entries()) {
    test(what, () => expect(rulesOf(`src/server/case-${index}.ts`)).toContain(rule));
  }

  test("a file name that is not in kebab-case", () => {
    expect(rulesOf("src/server/CamelCase.ts")).toContain("filename-case");
  });

  test("neither a file of 400 lines nor a function of 70", () => {
    expect(sources.get("src/server/fits.ts")?.match(/\n/g)).toHaveLength(400);
    expect(rulesOf("src/server/fits.ts")).toEqual([]);
  });
});
