import { expect, test } from "bun:test";
import { address } from "./address.ts";

test.each([
  ["9091", { host: undefined, port: 9091 }, "9091"],
  [9091, { host: undefined, port: 9091 }, "9091"],
  [":9091", { host: undefined, port: 9091 }, "9091"],
  [" 0.0.0.0:0 ", { host: "0.0.0.0", port: 0 }, "0.0.0.0:0"],
  ["[::1]:65535", { host: "::1", port: 65_535 }, "[::1]:65535"],
  ["queue.example:1", { host: "queue.example", port: 1 }, "queue.example:1"],
  ["OFF", "off", "off"],
  ["", "off", "off"],
  ["auto", "auto", "auto"],
] as const)("%j is an address", (given, parsed, shown) => {
  expect(address().schema.parse(given)).toEqual(parsed);
  expect(address().show(parsed)).toBe(shown);
});

test.each(["65536", 65_536, -1, 1.5, "host", "host:", "::1:80", "a b:80", "http://x:80", true])(
  "%j is no address",
  (given) => {
    expect(address().schema.safeParse(given).success).toBe(false);
  },
);
