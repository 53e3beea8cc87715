import { describe, expect, test } from "bun:test";
import {
  isPayload,
  PAYLOAD_BYTES_MIN,
  PAYLOAD_TAG_AT,
  RESULT_TAG_AT,
  readTag,
  TAGS_MAX,
  taskPayload,
  taskResult,
  writeTag,
} from "./task-payload.ts";

test.each([PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MIN + 1, 40, 41, 42, 100, 5000])(
  "a payload of %d bytes is JSON of exactly that size",
  (bytes) => {
    const payload = taskPayload(bytes);
    expect(payload).toHaveLength(bytes);
    expect(JSON.parse(payload.toString())).toMatchObject({ bench: true, tag: "00000000" });
  },
);

test.each([0, 42, TAGS_MAX - 1])("the tag %d is read as it was written, in payload and result", (tag) => {
  const [payload, result] = [taskPayload(100), taskResult()];
  writeTag(payload, PAYLOAD_TAG_AT, tag);
  writeTag(result, RESULT_TAG_AT, tag);
  expect([readTag(payload, PAYLOAD_TAG_AT), readTag(result, RESULT_TAG_AT)]).toEqual([tag, tag]);
  const digits = String(tag).padStart(8, "0");
  expect(JSON.parse(payload.toString())).toMatchObject({ tag: digits });
  expect(JSON.parse(result.toString())).toEqual({ ok: true, tag: digits });
});

test.each(["0000004x", "0000004", "-0000042"])("%j is no tag", (text) => {
  expect(readTag(Buffer.from(text), 0)).toBe(-1);
});

describe("a payload that came back", () => {
  const sent = taskPayload(60);
  const back = (change: (bytes: Buffer) => void): boolean => {
    const bytes = Buffer.concat([Buffer.from("??"), sent, Buffer.from("??")]);
    writeTag(bytes, 2 + PAYLOAD_TAG_AT, 12_345_678);
    change(bytes);
    return isPayload(bytes, 2, 2 + sent.length, sent, PAYLOAD_TAG_AT);
  };

  test("is what was sent, whatever its tag and its surroundings", () => {
    expect(back(() => undefined)).toBe(true);
  });

  test("is another one if a single bit of any byte but the tag's is", () => {
    const missed = [...sent.keys()].filter((at) =>
      back((bytes) => {
        bytes[2 + at] = (bytes[2 + at] ?? 0) ^ 1;
      }),
    );
    expect(missed).toEqual(Array.from({ length: 8 }, (_, digit) => PAYLOAD_TAG_AT + digit));
  });

  test.each([-1, 1])("is another one if its length differs by %d", (more) => {
    const bytes = Buffer.concat([sent, Buffer.from(" ")]);
    expect(isPayload(bytes, 0, sent.length + more, sent, PAYLOAD_TAG_AT)).toBe(false);
  });
});
