import { describe, expect, test } from "bun:test";
import { admit, type CreateTask } from "./admission.ts";
import { CodeqError } from "./errors.ts";
import { POLICY } from "./queue-fixture.ts";

const NOW = Date.UTC(2026, 0, 1);
const KEY = { shard: 0, sequence: 1 };
const ITEM: CreateTask = {
  command: "resize",
  payload: "{}",
  priority: undefined,
  webhook: undefined,
  maxAttempts: undefined,
  idempotencyKey: undefined,
  runAtMs: undefined,
  delayMs: undefined,
};

function admitted(given: Partial<CreateTask>) {
  const task = admit({ ...ITEM, ...given }, "acme", POLICY, NOW, () => KEY);
  if (task instanceof CodeqError) throw task;
  return task;
}

describe("what is admitted", () => {
  const table: [string, Partial<CreateTask>, Record<string, unknown>][] = [
    ["nothing but a command", {}, { tenant: "acme", priority: 0, maxAttempts: 5, dueMs: undefined }],
    ["a priority over the range is clamped", { priority: 10 }, { priority: 9 }],
    ["a priority under the range is clamped", { priority: -1 }, { priority: 0 }],
    ["maxAttempts of 0 is the default", { maxAttempts: 0 }, { maxAttempts: 5 }],
    ["a huge maxAttempts is capped to what the wire can carry", { maxAttempts: 2 ** 40 }, { maxAttempts: 2 ** 31 - 1 }],
    ["a delay", { delayMs: 1500 }, { dueMs: NOW + 1500 }],
    ["no delay", { delayMs: 0 }, { dueMs: undefined }],
    ["runAt goes before delay", { runAtMs: NOW + 7, delayMs: -3 }, { dueMs: NOW + 7 }],
    ["runAt in the past", { runAtMs: NOW - 7 }, { dueMs: undefined }],
    ["a fraction of a millisecond never makes it early", { runAtMs: NOW + 6.2 }, { dueMs: NOW + 7 }],
    ["a webhook", { webhook: "https://example.test/x" }, { webhook: "https://example.test/x" }],
  ];
  for (const [name, given, expected] of table) test(name, () => expect(admitted(given)).toMatchObject(expected));
});

describe("what is refused, and how", () => {
  const table: [string, Partial<CreateTask>, string, string][] = [
    ["an empty command", { command: "" }, "INVALID_ARGUMENT", "invalid command"],
    ["a blank command", { command: " \t" }, "INVALID_ARGUMENT", "invalid command"],
    [
      "a command too long",
      { command: "é".repeat(50) },
      "INVALID_ARGUMENT",
      "command of 100 bytes is over the limit of 64 bytes",
    ],
    ["a lone surrogate", { command: "\ud800" }, "INVALID_ARGUMENT", "well-formed Unicode"],
    ["a lone surrogate in a key", { idempotencyKey: "\udc00x" }, "INVALID_ARGUMENT", "well-formed Unicode"],
    [
      "a payload too long",
      { payload: `"${"😀".repeat(300)}"` },
      "PAYLOAD_TOO_LARGE",
      "payload of 1202 bytes is over the limit of 1000 bytes",
    ],
    ["a webhook that is no URL", { webhook: "example" }, "INVALID_ARGUMENT", "invalid webhook url"],
    ["a webhook of another scheme", { webhook: "file:///etc/passwd" }, "INVALID_ARGUMENT", "invalid webhook url"],
    ["a negative delay", { delayMs: -1 }, "INVALID_ARGUMENT", "invalid 'delaySeconds' (must be >= 0)"],
    ["a delay over the limit", { delayMs: 1e12 }, "INVALID_ARGUMENT", "a delay may be at most 86400 s"],
    ["a runAt over the limit", { runAtMs: NOW + 1e12 }, "INVALID_ARGUMENT", "a delay may be at most 86400 s"],
  ];
  for (const [name, given, code, message] of table) {
    test(name, () => {
      const refusal = admit({ ...ITEM, ...given }, "acme", POLICY, NOW, () => KEY);
      if (!(refusal instanceof CodeqError)) throw new Error("it was admitted");
      expect(refusal.code).toBe(code as typeof refusal.code);
      expect(refusal.message).toContain(message);
    });
  }
});

test("limits count bytes of UTF-8, to the byte", () => {
  expect(admitted({ command: "é".repeat(32) }).command).toHaveLength(32);
  expect(admitted({ payload: `"${"€".repeat(332)}aa"` }).payload).toHaveLength(336);
});
