import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { checkJson as checkBytes, NotJson } from "./json-scan.ts";
import { TooDeep } from "./json-text.ts";

const SPACES = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
/** What stands in JSON, and a little of what does not. */
const PIECE = fc.constantFrom(
  ...Array.from('{}[],:"\\/ue+-.019tfn \t\u0000\u001f\u00a0é\ud800'),
  "true",
  "false",
  "null",
  "\\u00e9",
  "\\n",
  "-0.5e+3",
  "01",
  "x".repeat(40),
);

/** Among other bytes, as in a message. */
function checkJson(text: string, depthMax: number): void {
  const bytes = Buffer.from(`"${text}}"`);
  checkBytes(bytes, 1, bytes.length - 2, depthMax);
}

function verdictOf(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof NotJson || error instanceof SyntaxError) return false;
    throw error;
  }
}

function agrees(text: string): void {
  expect([text, verdictOf(() => checkJson(text, 1000))]).toEqual([text, verdictOf(() => JSON.parse(text))]);
}

test("a text is JSON when the native parser says so", () => {
  fc.assert(
    fc.property(fc.array(PIECE, { maxLength: 8 }), (pieces) => agrees(pieces.join(""))),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.json(), SPACES, fc.nat(), fc.option(PIECE, { nil: "" }), fc.nat(2), (json, space, at, put, cut) => {
      const text = `${space}${json}${space}`;
      agrees(text);
      const place = at % (text.length + 1);
      agrees(text.slice(0, place) + put + text.slice(place + cut));
    }),
    { numRuns: 3000 },
  );
});

test("levels of arrays and objects are counted, brackets in strings are not", () => {
  const nested = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}"[[[{{{"${"}]".repeat(depth / 2)}`;
  for (const depth of [2, 128, 130, 600]) {
    checkJson(nested(depth), depth);
    expect(() => checkJson(nested(depth), depth - 1)).toThrow(TooDeep);
  }
  checkJson("[[],[],{}]", 2);
});
