import { expect, test } from "bun:test";
import { duplicateKeys } from "./duplicate-keys.ts";

test.each<[string, string, string[]]>([
  ["a mapping without", "port: 1\nhost: a\nrateLimit:\n  producer: {burstSize: 1}\n  worker: {burstSize: 1}", []],
  ["a key twice", "port: 1\nhost: a\nport: 2", ["port"]],
  ["a key three times", "port: 1\nport: 2\nport: 3", ["port"]],
  [
    "a key of a section",
    "rateLimit:\n  producer:\n    burstSize: 1\n    burstSize: 2",
    ["rateLimit.producer.burstSize"],
  ],
  ["a section twice", "rateLimit:\n  producer: {}\nport: 1\nrateLimit:\n  worker: {}", ["rateLimit"]],
  ["a key of an item of a list", "list:\n  - {a: 1, b: 2}\n  - {a: 1, a: 2}", ["list.1.a"]],
  ["a key with quotation marks and without", "\"port\": 1\nport: 2\n'host': a\nhost : b", ["port", "host"]],
  ["JSON", '{"port":1,"port":2}', ["port"]],
  ["what looks like keys inside of texts", 'a: |\n  port: 1\n  port: 2\nb: "port: 1, port: 2"\n# a: 1', []],
  ["text in flow that looks like a key", 'config: \'{"token": "port: 1", "b": "port: 2"}\'', []],
  ["aliases without end", `a0: &a0 {x: 1}\n${aliases(60)}`, []],
  ["no mapping", "- a\n- a", []],
  ["nothing", "", []],
])("%s", (_, yaml, expected) => {
  expect(duplicateKeys(yaml)).toEqual(expected);
});

/** Each line repeats the one before twice. */
function aliases(lines: number): string {
  return Array.from({ length: lines }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`).join("\n");
}
