import { afterAll, describe, expect, test } from "bun:test";
import { countTests } from "./run-tests.ts";
import { TriedProject } from "./tried-project.ts";

const good = 'import { test } from "bun:test";\ntest("good", () => {});\n';
const bad = `${good}test("bad", () => { throw new Error("on purpose"); });\n`;
const project = new TriedProject({
  "src/good.test.ts": good,
  "src/bad.test.ts": bad,
  "src/broken.test.ts": 'throw new Error("on purpose");\n',
  "src/quits.test.ts": `${good}process.exit(0);\n`,
  "src/only.test.ts": good.replace("test(", "test.only("),
});
afterAll(() => project[Symbol.dispose]());

function run(...args: readonly string[]): { exitCode: number; lastLine: string | undefined } {
  const { exitCode, stdout } = project.run("test", ...args);
  return { exitCode, lastLine: stdout.trimEnd().split("\n").at(-1) };
}

describe("run test", () => {
  test("with a path runs those tests alone and counts them", () => {
    expect(run("src/good")).toEqual({ exitCode: 0, lastLine: "1 passed, 0 failed" });
    expect(run("--", "src/good")).toEqual({ exitCode: 0, lastLine: "1 passed, 0 failed" });
  });

  test("fails when a test fails", () => {
    expect(run("src/bad")).toEqual({ exitCode: 1, lastLine: "1 passed, 1 failed" });
  });

  test.each(["src/broken", "src/quits", "src/only", "src/nowhere"])("fails when %s has nothing to run", (path) => {
    const { exitCode, lastLine } = run(path);
    expect(exitCode).toBe(1);
    expect(lastLine).toMatch(/^\d+ passed, 1 failed$/);
  });

  test("without a path goes on to the tests after a check failed, and counts each check", () => {
    // This project has none of the tools, so each of the five checks fails, even before the two of its tests that do.
    const { stdout, exitCode } = project.run("test");
    expect(
      stdout
        .match(/^FAIL {2}.*$/gm)
        ?.map((line) => line.slice(6, 18).trim())
        .toSorted(),
    ).toEqual(["build", "format", "lint", "tests", "types", "unused code"]);
    expect(exitCode).toBe(1);
  });
});

describe("the count of tests", () => {
  test.each([
    [" 3 pass\n 0 fail\n", 0, { passed: 3, failed: 0 }],
    [" 3 pass\n 2 fail\n", 1, { passed: 3, failed: 2 }],
    [" 3 pass\n 0 fail\n 1 error\n", 1, { passed: 3, failed: 1 }],
    [" 9 pass\nsaid by a test\n 3 pass\n 0 fail\n", 0, { passed: 3, failed: 0 }],
    [" 0 pass\n 5 skip\n 0 fail\n", 0, { passed: 0, failed: 1 }],
    ["Segmentation fault\n", 139, { passed: 0, failed: 1 }],
    ["", 0, { passed: 0, failed: 1 }],
  ])("of %j with exit code %d is %j", (report, exitCode, counts) => {
    expect(countTests(report, exitCode)).toEqual(counts);
  });
});
