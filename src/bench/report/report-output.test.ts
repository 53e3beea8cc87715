import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readResult, resultFromJson } from "./json-report.ts";
import { checkReportFiles, type ReportFlags, writeReports } from "./report-output.ts";
import { benchResult, SWEEP } from "./result-fixture.ts";

const sweep = benchResult(SWEEP);
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "codeq-reports-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function written(flags: ReportFlags): Promise<string> {
  let printed = "";
  await writeReports(sweep, "the table\n", flags, (text) => void (printed += text));
  return printed;
}

describe("reports", () => {
  test("go to the files they were asked for, beside the table", async () => {
    const [json, html, markdown] = ["a.json", "a.html", "a.md"].map((name) => join(directory, name));
    if (json === undefined || html === undefined || markdown === undefined) throw new Error("three names");
    expect(await written({ json, html, markdown })).toBe("the table\n");
    expect(await readResult(json)).toEqual(sweep);
    expect(await Bun.file(html).text()).toStartWith("<!doctype html>");
    expect(await Bun.file(markdown).text()).toStartWith("### codeq bench");
  });

  test("for standard output stand there alone", async () => {
    expect(resultFromJson(await written({ json: "-" }), "-")).toEqual(sweep);
    expect(await written({ markdown: true })).toStartWith("### codeq bench");
    expect(await written({})).toBe("the table\n");
  });

  test.each([
    ["in a directory that is not there", "/nowhere/at/all.json"],
    ["that is below a file", "/etc/passwd/a.json"],
    ["that is a directory", tmpdir()],
  ])("to a file %s are refused before anything is measured", (_, path) => {
    for (const flags of [{ json: path }, { html: path }, { markdown: path }]) {
      expect(() => checkReportFiles(flags)).toThrow(`${path} cannot be written`);
    }
  });

  test("to files that can be written are let through, and leave nothing yet", () => {
    const before = readdirSync(directory);
    checkReportFiles({ json: join(directory, "b.json"), html: join(directory, "b.html"), markdown: true });
    checkReportFiles({ json: "-", markdown: "here-and-now.md" });
    expect(readdirSync(directory)).toEqual(before);
  });

  test("that fail in the end keep the others from nothing", async () => {
    const html = join(directory, "last.html");
    expect(written({ json: directory, html })).rejects.toThrow(`${directory} cannot be written`);
    expect(await Bun.file(html).exists()).toBe(true);
  });
});
