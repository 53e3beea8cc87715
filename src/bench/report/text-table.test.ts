import { describe, expect, test } from "bun:test";
import { markdownTable, textTable } from "./text-table.ts";

const COLUMNS = [
  { title: "point", align: "left" },
  { title: "rate", align: "right" },
] as const;

describe("a table", () => {
  test("in text has columns as wide as their widest cell, and no blanks at the end of a line", () => {
    expect(
      textTable(COLUMNS, [
        ["c=1", "9"],
        ["c=512", "104,000"],
        ["µs", ""],
      ]),
    ).toEqual(["point     rate", "c=1          9", "c=512  104,000", "µs"]);
  });

  test("in text lines up signs that take several bytes", () => {
    const [, first = "", second = ""] = textTable(COLUMNS, [
      ["a", "−5.9 %"],
      ["b", "15.9 %"],
    ]);
    expect(first.indexOf("−")).toBe(second.indexOf("1"));
  });

  test("in Markdown says where its columns line up, and keeps cells apart whatever is in them", () => {
    expect(markdownTable(COLUMNS, [["a|b", "1\n2"]])).toEqual([
      "| point | rate |",
      "| --- | ---: |",
      "| a\\|b | 1 2 |",
    ]);
  });

  test("without rows is its head alone", () => {
    expect(textTable(COLUMNS, [])).toEqual(["point  rate"]);
    expect(markdownTable(COLUMNS, [])).toHaveLength(2);
  });
});
