import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { PayloadChecker } from "./commands.ts";

const checker = new PayloadChecker({
  Email: z.object({ to: z.string(), at: z.string().transform((text) => text.length) }),
  SLOW: z.string().refine(async (text) => text !== "taken", "is taken"),
});

describe("payloads", () => {
  test("are what their schema makes of them, whatever the case of the command", () => {
    expect(checker.check("EMAIL", { to: "ann", at: "noon", more: 1 })).toEqual({ to: "ann", at: 4 });
    expect(checker.spelling("eMAIL")).toBe("Email");
  });

  test("are refused with all that is wrong", () => {
    expect(() => checker.check("Email", { to: 7 })).toThrow(
      expect.objectContaining({ code: "INVALID_PAYLOAD", message: expect.stringMatching(/for Email .*to: .*; at: /) }),
    );
  });

  test("may be checked by a schema that takes its time", async () => {
    const result = checker.check("slow", "free");
    expect(result).toBeInstanceOf(Promise);
    expect(await result).toBe("free");
    const failure: unknown = await Promise.resolve(checker.check("slow", "taken")).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "INVALID_PAYLOAD", message: expect.stringContaining("is taken") });
  });

  test("of a command without a schema are refused, with the commands there are", () => {
    expect(() => checker.check("OTHER", 1)).toThrow("there is no schema for command OTHER, only for Email, SLOW");
  });

  test("schemas for one command in two spellings are refused", () => {
    expect(() => new PayloadChecker({ a: z.string(), A: z.string() })).toThrow("commands a and A are the same");
  });
});
