import { expect, test } from "bun:test";
import { nearest, suggestion } from "./nearest.ts";

const known = ["serve", "config", "version", "healthcheck"];

test.each([
  ["srve", "serve"],
  ["sevre", "serve"],
  ["SERVE", "serve"],
  ["confg", "config"],
  ["verison", "version"],
])("%s most likely means %s", (name, meant) => {
  expect(nearest(name, known)).toBe(meant);
});

test("a name that is like none is not guessed at", () => {
  expect(nearest("frobnicate", known)).toBeUndefined();
  expect(suggestion("frobnicate", known)).toBe("");
});

test("the number of wrong letters can be bounded", () => {
  expect(nearest("healthchekk", known, 1)).toBe("healthcheck");
  expect(nearest("helthchekk", known, 1)).toBeUndefined();
});
