import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type EnvelopeShape, parseEnvelope } from "./json-body.ts";

const SINGLE: EnvelopeShape = { raw: "payload", list: undefined };
const BATCH: EnvelopeShape = { raw: "payload", list: "tasks" };

function parse(text: string, shape: EnvelopeShape = SINGLE): unknown {
  const outcome = parseEnvelope(text, shape, 64);
  return outcome.ok ? outcome.value : outcome.error.message;
}

describe("a raw member comes out as the very text that came in", () => {
  test.each([
    '{"b":1,"a":2}',
    '{ "a" :\t1.0 , "a":\n2 }',
    "12345678901234567890",
    "1e999",
    "-0.0",
    '"\\ud800 \\u0041 \\/ \\\\"',
    '"\\""',
    '"}],{\\\\"',
    '{"__proto__":{"x":1}}',
    "[]",
    "{}",
    "[[[]],{}]",
    "true",
    "null",
    '"é😀"',
  ])("%s", (raw) => {
    expect(parse(`{"command":"c","payload":${raw},"priority":3}`)).toEqual({ command: "c", payload: raw, priority: 3 });
    expect(parse(`{ "payload" : ${raw} }`)).toEqual({ payload: raw });
    expect(parse(`{"tasks": [ {"payload":${raw}} , {"payload":${raw},"command":"d"}]}`, BATCH)).toEqual({
      tasks: [{ payload: raw }, { payload: raw, command: "d" }],
    });
  });

  test("for any JSON value with any spacing around it", () => {
    const blanks = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 3 });
    fc.assert(
      fc.property(fc.json(), blanks, fc.string(), (raw, blank, other) => {
        const text = `${blank}{${blank}"x"${blank}:${blank}${JSON.stringify(other)},"payload":${blank}${raw}${blank}}${blank}`;
        expect(parse(text)).toEqual({ x: other, payload: raw.trim() });
      }),
    );
  });

  test("also when its name is written with escapes", () => {
    expect(parse('{"p\\u0061yload":[ 1 ]}')).toEqual({ payload: "[ 1 ]" });
  });
});

describe("what two readers could understand differently is refused", () => {
  test.each([
    ['{"command":"a","command":"b"}', 'duplicate key "command"'],
    ['{"payload":1,"p\\u0061yload":2}', 'duplicate key "payload"'],
    ['{"__proto__":{"command":"a"}}', 'key "__proto__" is not allowed'],
    ['{"\\u005f_proto__":1}', 'key "__proto__" is not allowed'],
    ['{"tasks":[{"payload":1},{"payload":1,"payload":2}]}', 'duplicate key "payload"'],
    ['{"tasks":[{"__proto__":1}]}', 'key "__proto__" is not allowed'],
  ])("%s", (text, message) => {
    expect(parse(text, BATCH)).toBe(message);
  });
});

describe("what is not one JSON object is refused", () => {
  test.each([
    ["", "not valid JSON"],
    ["{", "not valid JSON"],
    ["{} {}", "not valid JSON"],
    ["{}x", "not valid JSON"],
    ["\ufeff{}", "not valid JSON"],
    ["{'a':1}", "not valid JSON"],
    ['{"a":1,}', "not valid JSON"],
    ['{"a":01}', "not valid JSON"],
    ['{"a":NaN}', "not valid JSON"],
    ['{"a":"\u0000"}', "not valid JSON"],
    ["[]", "must be a JSON object"],
    ["null", "must be a JSON object"],
    ["1", "must be a JSON object"],
    ['"x"', "must be a JSON object"],
  ])("%j", (text, message) => {
    expect(parse(text)).toBe(message);
  });
});

describe("depth", () => {
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

  test("64 levels inside a member are allowed, 65 are not", () => {
    expect(parse(`{"payload":${nested(64)}}`)).toEqual({ payload: nested(64) });
    expect(parse(`{"payload":${nested(65)}}`)).toBe("nested deeper than 64 levels");
    expect(parse(`{"ignored":${nested(65)}}`)).toBe("nested deeper than 64 levels");
  });

  test("a task of a batch may be as deep as a single one", () => {
    expect(parse(`{"tasks":[{"payload":${nested(64)}}]}`, BATCH)).toEqual({ tasks: [{ payload: nested(64) }] });
    expect(parse(`{"tasks":[{"payload":${nested(65)}}]}`, BATCH)).toBe("nested deeper than 64 levels");
  });

  test("a million levels are refused like 65", () => {
    expect(parse(`{"payload":${nested(1_000_000)}}`)).toBe("nested deeper than 64 levels");
    expect(parse(`{"payload":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`)).toBe("nested deeper than 64 levels");
  });
});

test("any text is either read like the native parser reads it or refused with a reason", () => {
  const almostJson = fc.oneof(
    fc.string(),
    fc.json(),
    fc.string({
      unit: fc.constantFrom(...'{ } [ ] " : , \\ 0 1 a e u - . payload "tasks":[ \n'.split(" ")),
      maxLength: 60,
    }),
    fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([json, at, insert]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + insert + json.slice(place);
    }),
  );
  fc.assert(
    fc.property(almostJson, (text) => {
      const outcome = parseEnvelope(text, { raw: undefined, list: "tasks" }, 64);
      if (outcome.ok) expect(outcome.value).toEqual(JSON.parse(text));
      else expect(outcome.error.code).toBe("INVALID_ARGUMENT");
    }),
    { numRuns: 2000 },
  );
});
