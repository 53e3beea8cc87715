import { describe, expect, test } from "bun:test";
import { bytes, figure, milliseconds, percentChange } from "./figures.ts";

describe("a number reads as people write it", () => {
  test.each([
    [0, "0"],
    [7, "7"],
    [7.25, "7.3"],
    [99.96, "100.0"],
    [104_329.4, "104,329"],
    [1_234_567, "1,234,567"],
    [-5000, "−5,000"],
    [-0.04, "0.0"],
  ])("%d as %s", (value, text) => expect(figure(value)).toBe(text));

  test.each([
    [0, "0"],
    [0.0456, "45.6 µs"],
    [0.85, "850 µs"],
    [1, "1.00 ms"],
    [12.34, "12.3 ms"],
    [999, "999 ms"],
    [2050, "2.05 s"],
    [123_456, "123 s"],
  ])("%d ms as %s", (value, text) => expect(milliseconds(value)).toBe(text));

  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [85 * 2 ** 20, "85.0 MiB"],
    [3 * 2 ** 40, "3.00 TiB"],
    [3 * 2 ** 50, "3,072 TiB"],
  ])("%d bytes as %s", (value, text) => expect(bytes(value)).toBe(text));

  test.each([
    [0.012, "+1.2 %"],
    [-0.0591, "−5.9 %"],
    [0, "0.0 %"],
    [-0.0004, "0.0 %"],
    [2.5, "+250.0 %"],
  ])("a change by %d as %s", (value, text) => expect(percentChange(value)).toBe(text));
});
