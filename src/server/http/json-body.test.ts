import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CodeqError } from "../queue/errors.ts";
import { type EnvelopeBounds, type EnvelopeShape, LARGE_FROM, parseEnvelope } from "./json-body.ts";
import { LargeEnvelope } from "./large-envelope.ts";

const SINGLE: EnvelopeShape = { raw: "payload", list: undefined };
const BATCH: EnvelopeShape = { raw: "payload", list: "tasks" };

const BOUNDS: EnvelopeBounds = { depthMax: 64, valuesMax: 1000, itemsMax: 100 };

/** What comes of a text, which must be the same for one that is large because of the space behind it. */
function parse(text: string, shape: EnvelopeShape = SINGLE): unknown {
  const [small, large] = [text, enlarged(text)].map((body) => {
    const outcome = parseEnvelope(body, shape, BOUNDS);
    return outcome.ok ? outcome.value : outcome.error.message;
  });
  expect(large).toEqual(small);
  return small;
}

function enlarged(text: string): string {
  return text + SPACE;
}

const SPACE = " ".repeat(LARGE_FROM);

/** The same without the space, for many short texts; the two readers are asked as they are. */
function parseBoth(text: string, shape: EnvelopeShape): unknown {
  const outcome = parseEnvelope(text, shape, BOUNDS);
  if (outcome.ok) expect(new LargeEnvelope(text, shape, BOUNDS).read()).toEqual(outcome.value);
  else expect(() => new LargeEnvelope(text, shape, BOUNDS).read()).toThrow(outcome.error.message);
  return outcome.ok ? outcome.value : undefined;
}

/** The code and the words a text is refused with. */
function refusal(text: string, shape: EnvelopeShape = SINGLE): string {
  try {
    const outcome = parseEnvelope(text, shape, BOUNDS);
    return outcome.ok ? "taken" : `${outcome.error.code}: ${outcome.error.message}`;
  } catch (error) {
    return error instanceof CodeqError ? `${error.code}: ${error.message}` : String(error);
  }
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
    `"${"é".repeat(99)}\\"${"x".repeat(99)}\\u00e9\\\\"`,
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
        expect(parseBoth(text, SINGLE)).toEqual({ x: other, payload: raw.trim() });
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
    [`{"a":"${"x".repeat(99)}\n"}`, "not valid JSON"],
    [`{"a":"${"x".repeat(99)}\\x"}`, "not valid JSON"],
    [`{"a":"${"x".repeat(99)}\\u00g0"}`, "not valid JSON"],
    [`{"a":"${"x".repeat(99)}`, "not valid JSON"],
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

describe("a large body is given up where it goes over a bound, whatever stands behind it", () => {
  const GARBAGE = "?".repeat(LARGE_FROM);

  test.each<[string, string, EnvelopeShape, string]>([
    ["nested members", `{"x":${"[".repeat(65)}`, SINGLE, "INVALID_ARGUMENT: nested deeper than 64 levels"],
    ["a nested payload", `{"payload":${"[".repeat(65)}`, SINGLE, "INVALID_ARGUMENT: nested deeper than 64 levels"],
    ["brackets alone", "[".repeat(65), SINGLE, "INVALID_ARGUMENT: nested deeper than 64 levels"],
    ["many keys", `{${keys(1000)},"x":1`, SINGLE, OVER_VALUES],
    ["many keys of a member", `{"x":{${keys(1000)}`, SINGLE, OVER_VALUES],
    ["many items of a member", `{"commands":[${"1,".repeat(1000)}`, SINGLE, OVER_VALUES],
    ["many keys of items", `{"tasks":[${`{${keys(20)}},`.repeat(50)}`, BATCH, OVER_VALUES],
    ["many items", `{"tasks":[${"{},".repeat(100)}{}`, BATCH, "INVALID_ARGUMENT: batch size exceeds maximum of 100"],
    ["the same key twice", '{"a":1,"a":2,', SINGLE, 'INVALID_ARGUMENT: duplicate key "a"'],
  ])("%s", (_, start, shape, expected) => {
    expect(refusal(start + GARBAGE, shape)).toBe(expected);
  });

  test("as many values as allowed are read, and any number in payloads", () => {
    expect(refusal(enlarged(`{${keys(1000)}}`))).toBe("taken");
    const payload = `[${"{},".repeat(100_000)}1]`;
    expect(refusal(`{"tasks":[{"payload":${payload}},{"payload":${payload},"command":"c"}]}`, BATCH)).toBe("taken");
  });
});

function keys(count: number): string {
  return Array.from({ length: count }, (_, n) => `"k${n}":1`).join(",");
}

const OVER_VALUES = "PAYLOAD_TOO_LARGE: request body holds more than 1000 values, those in payloads and results aside";

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
      const value = parseBoth(text, { raw: undefined, list: "tasks" });
      if (value !== undefined) expect(value).toEqual(JSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});
