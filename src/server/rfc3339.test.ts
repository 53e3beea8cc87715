import { describe, expect, test } from "bun:test";
import { formatRfc3339, formatRfc3339Seconds, parseRfc3339 } from "./rfc3339.ts";

describe("RFC 3339 times", () => {
  test.each([
    ["2026-07-20T12:00:00Z", Date.UTC(2026, 6, 20, 12)],
    ["2026-07-20T09:00:00-03:00", Date.UTC(2026, 6, 20, 12)],
    ["2026-07-20T17:30:00+05:30", Date.UTC(2026, 6, 20, 12)],
    ["2026-07-20T12:00:00.25Z", Date.UTC(2026, 6, 20, 12, 0, 0, 250)],
    ["2024-02-29T23:59:59.999Z", Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
    ["0001-01-01T00:00:00Z", -62_135_596_800_000],
  ])("%s is read", (text, ms) => {
    expect(parseRfc3339(text)).toBe(ms);
  });

  test("finer fractions than milliseconds round up, so nothing happens early", () => {
    expect(parseRfc3339("2026-07-20T12:00:00.000000001Z")).toBe(Date.UTC(2026, 6, 20, 12, 0, 0, 1));
    expect(parseRfc3339("2026-07-20T12:00:00.999999Z")).toBe(Date.UTC(2026, 6, 20, 12, 0, 1));
    expect(parseRfc3339("2026-07-20T12:00:00.250000Z")).toBe(Date.UTC(2026, 6, 20, 12, 0, 0, 250));
  });

  test.each([
    "2026-07-20",
    "2026-07-20 12:00:00Z",
    "2026-07-20T12:00:00",
    "2026-02-30T12:00:00Z",
    "2026-13-01T12:00:00Z",
    "2026-00-01T12:00:00Z",
    "2026-07-20T24:00:00Z",
    "2026-07-20T12:60:00Z",
    "2026-07-20T12:00:60Z",
    "2026-07-20T12:00:00+24:00",
    "2026-07-20t12:00:00z",
    "tomorrow",
    "1784548800",
  ])("%s is not one", (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });

  test("are written in UTC; whole seconds are cut, never rounded up", () => {
    expect(formatRfc3339(1_784_548_800_250)).toBe("2026-07-20T12:00:00.250Z");
    expect(formatRfc3339Seconds(1_784_548_800_999)).toBe("2026-07-20T12:00:00Z");
    expect(formatRfc3339(-1)).toBe("1969-12-31T23:59:59.999Z");
    expect(formatRfc3339(1_784_548_800_000)).toBe("2026-07-20T12:00:00.000Z");
  });

  test("are written alike however many seconds come in turn", () => {
    const start = Date.UTC(2026, 11, 31, 23, 59, 0, 7);
    for (let round = 0; round < 2; round += 1) {
      for (let second = 0; second < 200; second += 1) {
        const ms = start + second * 1000;
        expect(formatRfc3339(ms)).toBe(new Date(ms).toISOString());
      }
    }
  });
});
