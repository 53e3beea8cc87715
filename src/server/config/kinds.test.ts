import { expect, test } from "bun:test";
import { bytes, choice, duration, integer, json, type Kind, optional, text, toggle } from "./kinds.ts";

const REFUSED = Symbol("refused");

function read(kind: Kind<unknown>, value: unknown): unknown {
  const parsed = kind.schema.safeParse(value);
  return parsed.success ? parsed.data : REFUSED;
}

const count = integer({ min: 1, max: 64, unit: "shards" });
const pause = duration({ min: 1000, max: 86_400_000 });
const age = duration({ min: 1000, max: 86_400_000, zero: "never" });
const room = bytes({ min: 0, max: 2 ** 30 });

test.each<[string, Kind<unknown>, unknown, unknown]>([
  ["a whole number in a text", count, "64", 64],
  ["a whole number of a file", count, 1, 1],
  ["a number below the bound", count, "0", REFUSED],
  ["a number above the bound", count, 65, REFUSED],
  ["a fraction", count, "1.5", REFUSED],
  ["a hexadecimal number", count, "0x10", REFUSED],
  ["a number with something behind it", count, "4 shards", REFUSED],
  ["NaN of a file", count, Number.NaN, REFUSED],
  ["seconds without a unit", pause, "90", 90_000],
  ["seconds of a file", pause, 1.5, 1500],
  ["a fraction that binary cannot hold", pause, "4.35", 4350],
  ["hours", pause, "24h", 86_400_000],
  ["minutes with a space and capitals", pause, " 5 M ", 300_000],
  ["milliseconds", pause, "1500ms", 1500],
  ["a day and a bit", pause, "86401s", REFUSED],
  ["less than the least duration", pause, "999ms", REFUSED],
  ["a negative duration", pause, "-5s", REFUSED],
  ["an unknown unit", pause, "5 weeks", REFUSED],
  ["a word for none", duration({ min: 0, max: 1000, zero: "never" }), "Never", 0],
  ["a word for none where there is no such thing", pause, "never", REFUSED],
  ["zero where it stands for none", age, "0", 0],
  ["the least duration beside zero", age, "1s", 1000],
  ["less than that", age, "999ms", REFUSED],
  ["infinity", pause, "Infinity", REFUSED],
  ["plain bytes", room, "4096", 4096],
  ["mebibytes", room, "64MiB", 64 * 2 ** 20],
  ["mebibytes in small letters", room, "1mib", 2 ** 20],
  ["half a byte", room, "0.5", REFUSED],
  ["more than the bound", room, "2GiB", REFUSED],
  ["yes", toggle(), "YES", true],
  ["0", toggle(), "0", false],
  ["true of a file", toggle(), true, true],
  ["a word that is no switch", toggle(), "maybe", REFUSED],
  ["a name every object has", toggle(), "constructor", REFUSED],
  ["a choice in capitals", choice(["off", "full"]), "FULL", "full"],
  ["no choice", choice(["off", "full"]), "half", REFUSED],
  ["a text with spaces around", text("a name", 5), " abc ", "abc"],
  ["an empty text", text("a name", 5), "  ", REFUSED],
  ["a text that is too long", text("a name", 5), "abcdef", REFUSED],
  ["a text of two lines", text("a name", 5), "a\nb", REFUSED],
  ["a number for a text", text("a name", 5), 5, REFUSED],
  ["nothing for what may be absent", optional(text("a name", 5)), undefined, undefined],
  ["a mapping", json(), { token: "x" }, { token: "x" }],
  ["JSON text", json(), '"x"', "x"],
  ["text that is no JSON", json(), "{token", REFUSED],
])("reads %s", (_, kind, value, expected) => {
  expect(read(kind, value)).toEqual(expected);
});

test("shows the word for none where there is one", () => {
  expect(duration({ min: 0, max: 1000, zero: "never" }).show(0)).toBe("never");
});

test.each<[number, string]>([
  [0, "0ms"],
  [1500, "1500ms"],
  [90_000, "90s"],
  [300_000, "5m"],
  [129_600_000, "36h"],
  [86_400_000, "1d"],
])("shows %d ms as %s, which it would read again", (ms, shown) => {
  const any = duration({ min: 0, max: Number.MAX_SAFE_INTEGER });
  expect(any.show(ms)).toBe(shown);
  expect(read(any, shown)).toBe(ms);
});
