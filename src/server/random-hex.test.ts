import { expect, test } from "bun:test";
import { RandomHex } from "./random-hex.ts";

test("every byte of the source is handed out once, also over the end of the pool", () => {
  let filled = 0;
  const random = new RandomHex((bytes) => {
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = (filled + index) % 251;
    filled += bytes.length;
  });
  const seen = new Set<string>();
  for (let request = 0; request < 251; request += 1) {
    const hex = random.take(16);
    expect(hex).toMatch(/^[0-9a-f]{32}$/);
    seen.add(hex);
  }
  expect(seen.size).toBe(251);
});
