import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { PayloadChecker } from "./commands.ts";
import type { StandardSchema } from "./standard-schema.ts";

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

  test("are refused by a schema that falls over, at once or later", async () => {
    const broken = new PayloadChecker({ NOW: falling(() => fallOver()), LATER: falling(async () => fallOver()) });
    const refusal = { code: "INVALID_PAYLOAD", message: expect.stringContaining("fell over"), cause: FAULT };
    expect(() => broken.check("NOW", 1)).toThrow(expect.objectContaining(refusal));
    const later: unknown = await Promise.resolve(broken.check("LATER", 1)).catch((error: unknown) => error);
    expect(later).toMatchObject(refusal);
  });

  test("of a command without a schema are refused, with the commands there are", () => {
    expect(() => checker.check("OTHER", 1)).toThrow("there is no schema for command OTHER, only for Email, SLOW");
  });

  test("schemas for one command in two spellings are refused", () => {
    expect(() => new PayloadChecker({ a: z.string(), A: z.string() })).toThrow("commands a and A are the same");
  });
});

const FAULT = new Error("no such rule");

function fallOver(): never {
  throw FAULT;
}

function falling(validate: StandardSchema["~standard"]["validate"]): StandardSchema {
  return { "~standard": { version: 1, vendor: "test", validate } };
}
