import { describe, expect, test } from "bun:test";
import { isUtf8 } from "node:buffer";
import { BinaryWriter as TheirWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { BinaryReader, BinaryWriter } from "./wire.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constant("x".repeat(50_000)),
  fc.constant("\uFFFD"),
);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe("the wire format", () => {
  test("is written as the reference implementation writes it", () => {
    fc.assert(
      fc.property(text, fc.integer(), uint64, fc.boolean(), fc.uint8Array(), (string, int, big, flag, bytes) => {
        const ours = new BinaryWriter(1);
        const theirs = new TheirWriter();
        for (const writer of [ours, theirs]) {
          writer.uint32(10).fork().uint32(18).fork().uint32(26).string(string).join();
          writer.uint32(8).int32(int).uint32(16).uint64(big).uint32(24).int64(BigInt.asIntN(64, big)).join();
          writer.uint32(32).bool(flag).uint32(42).bytes(bytes);
        }
        expect(ours.finish()).toEqual(Buffer.from(theirs.finish()));
      }),
    );
  });

  test("is read as the reference implementation writes it", () => {
    fc.assert(
      fc.property(text, fc.integer(), uint64, fc.boolean(), fc.uint8Array(), (string, int, big, flag, bytes) => {
        const writer = new TheirWriter().string(string).int32(int).uint64(big).int64(BigInt.asIntN(64, big));
        const reader = new BinaryReader(writer.bool(flag).bytes(bytes).finish());
        expect(reader.string()).toBe(string);
        expect(reader.int32()).toBe(int);
        expect(reader.uint64()).toBe(big);
        expect(reader.int64()).toBe(BigInt.asIntN(64, big));
        expect(reader.bool()).toBe(flag);
        expect(new Uint8Array(reader.bytes())).toEqual(bytes);
        expect(reader.pos).toBe(reader.len);
      }),
    );
  });

  test("tells short texts apart that look alike, however often and in which order they come", () => {
    const short = fc.array(fc.constantFrom("a", "b", "é", "\u00e9".normalize("NFD"), "\u{1f600}"), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(short, { maxLength: 20 }), (texts) => {
        for (const each of texts) {
          const expected = each.join("");
          expect(new BinaryReader(new TheirWriter().string(expected).finish()).string()).toBe(expected);
        }
      }),
    );
  });

  test("takes bytes that are no text for none, also where the text they look like is known", () => {
    const isRead = (bytes: Uint8Array): boolean => {
      try {
        return new BinaryReader(new TheirWriter().bytes(bytes).finish()).string().length > 0;
      } catch {
        return false;
      }
    };
    for (let first = 0x80; first < 0x100; first += 1) {
      for (let last = 0; last < 0x100; last += 1) {
        const known = new TheirWriter().string(String.fromCharCode(first, last)).finish();
        expect(new BinaryReader(known).string()).toHaveLength(2);
        const bytes = Uint8Array.of(first, last);
        if (isRead(bytes) !== isUtf8(bytes)) throw new Error(`took ${first} ${last} for what it is not`);
      }
    }
  });

  test("skips fields it does not know, whatever their type", () => {
    const writer = new TheirWriter()
      .uint64(2n ** 64n - 1n)
      .fixed64(1n)
      .string("skipped")
      .fixed32(7)
      .uint32(99);
    const reader = new BinaryReader(writer.finish());
    for (const wireType of [0, 1, 2, 5]) reader.skip(wireType);
    expect(reader.uint32()).toBe(99);
  });

  test("refuses a message that ends early, wherever it ends", () => {
    const whole = new TheirWriter()
      .uint32(10)
      .string("hello")
      .uint32(16)
      .uint64(2n ** 63n)
      .finish();
    for (let bytes = 0; bytes < whole.length; bytes += 1) {
      const reader = new BinaryReader(whole.subarray(0, bytes));
      expect(() => [reader.uint32(), reader.string(), reader.uint32(), reader.uint64()]).toThrow(RangeError);
    }
  });

  test("refuses texts that are not UTF-8 and numbers without end", () => {
    expect(() => new BinaryReader(Buffer.from([3, 0x61, 0xff, 0x62])).string()).toThrow(TypeError);
    expect(() => new BinaryReader(Buffer.alloc(20, 0xff)).uint64()).toThrow(RangeError);
    expect(() => new BinaryReader(Buffer.alloc(20, 0xff)).uint32()).toThrow(RangeError);
    expect(() => new BinaryReader(Buffer.from([0])).skip(3)).toThrow(RangeError);
  });

  test("a writer that is used again forgets what it wrote", () => {
    const writer = new BinaryWriter();
    writer.uint32(10).fork().string("first");
    expect(writer.reset().uint32(8).finish()).toEqual(Buffer.from([8]));
  });
});
