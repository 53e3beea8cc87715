import { expect, test } from "bun:test";
import { readIdWords, sameWords } from "./task-id-words.ts";

function wordsOf(text: string): Int32Array | undefined {
  const words = new Int32Array(6);
  return readIdWords(Buffer.from(`__${text}`), 2, words, 1) ? words : undefined;
}

test("an id is read into four words, its letters big or small", () => {
  const words = wordsOf("01234567-89ab-cdef-FEDC-ba9876543210");
  expect(words).toEqual(Int32Array.of(0, 0x0123_4567, 0x89ab_cdef | 0, 0xfedc_ba98 | 0, 0x7654_3210, 0));
});

test.each(["0123456-789ab-7def-8edc-ba9876543210", "g1234567-89ab-7def-8edc-ba9876543210", "01234567-89ab-7def-8edc"])(
  "%s is no id",
  (text) => {
    expect(wordsOf(text)).toBeUndefined();
  },
);

test("two ids are the same when all four words are", () => {
  const id = Int32Array.of(1, 2, 3, 4);
  expect(sameWords(id, 0, Int32Array.of(0, 1, 2, 3, 4), 1)).toBe(true);
  for (let place = 0; place < 4; place += 1) expect(sameWords(id, 0, id.with(place, 9), 0)).toBe(false);
});
