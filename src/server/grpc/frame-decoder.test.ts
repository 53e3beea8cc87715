import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { FrameDecoder, MessageTooLong } from "./frame-decoder.ts";
import { frameHead } from "./raw-stream-fixture.ts";

function frame(message: Uint8Array, compressed: boolean): Buffer {
  return Buffer.concat([frameHead(message.length, compressed), message]);
}

function decoded(decoder: FrameDecoder, piece: Buffer): (readonly [string, boolean])[] {
  const messages: (readonly [string, boolean])[] = [];
  decoder.push(piece);
  for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
    messages.push([message.toString("hex"), decoder.isCompressed]);
  }
  return messages;
}

test("messages come out as they went in, however they are cut into pieces", () => {
  const message = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat({ max: 2500 })), (messages, cuts) => {
      const all = Buffer.concat(messages.map(([bytes, compressed]) => frame(bytes, compressed)));
      const ends = [...new Set(cuts.map((cut) => Math.min(cut, all.length))), all.length].sort((a, b) => a - b);
      const decoder = new FrameDecoder(400);
      let start = 0;
      const seen = ends.flatMap((end) => {
        const piece = all.subarray(start, end);
        start = end;
        return decoded(decoder, piece);
      });
      expect(seen).toEqual(messages.map(([bytes, compressed]) => [Buffer.from(bytes).toString("hex"), compressed]));
    }),
    { numRuns: 500 },
  );
});

test("byte by byte", () => {
  const decoder = new FrameDecoder(1000);
  const all = Buffer.concat([
    frame(Buffer.alloc(700, 7), false),
    frame(Buffer.alloc(0), true),
    frame(Buffer.from("x"), false),
  ]);
  const seen = Array.from(all, (byte) => decoded(decoder, Buffer.from([byte]))).flat();
  expect(seen.map(([hex, compressed]) => [hex.length / 2, compressed])).toEqual([
    [700, false],
    [0, true],
    [1, false],
  ]);
});

test("a message over the bound is refused by what its head says, in one piece or several", () => {
  const head = frame(Buffer.alloc(11), false).subarray(0, 5);
  expect(() => decoded(new FrameDecoder(10), head)).toThrow(MessageTooLong);
  const decoder = new FrameDecoder(10);
  expect(decoded(decoder, head.subarray(0, 3))).toEqual([]);
  expect(() => decoded(decoder, head.subarray(3))).toThrow("Received message larger than max (11 vs 10)");
  expect(decoded(new FrameDecoder(11), frame(Buffer.alloc(11), false))).toHaveLength(1);
});
