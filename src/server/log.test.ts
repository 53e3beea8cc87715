import { expect, test } from "bun:test";
import { createLog, type LogOptions } from "./log.ts";
import { CodeqError } from "./queue/errors.ts";

function logged(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { log: createLog({ level: "debug", format: "json", secrets: [], write, ...options }), lines };
}

test("a JSON line carries level, time, message and fields", () => {
  const { log, lines } = logged();
  log.child({ requestId: "r1" }).warn("careful", { shard: 3 });
  const line: unknown = JSON.parse(lines[0] ?? "");
  expect(line).toMatchObject({ level: "warn", requestId: "r1", shard: 3, msg: "careful" });
  expect(lines[0]).toMatch(/"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/);
  expect(lines[0]).toEndWith("}\n");
});

test("lines below the level are not written", () => {
  const { log, lines } = logged({ level: "warn" });
  log.debug("no");
  log.info("no");
  log.warn("yes");
  log.error("yes");
  expect(lines).toHaveLength(2);
});

test("a text line is one line, whatever the message and the fields hold", () => {
  const { log, lines } = logged({ format: "text" });
  log.info("first\nsecond \u001b[31m", { command: "a b", count: 2, forged: "x\n2026-01-01 ERROR y" });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.trimEnd()).not.toContain("\n");
  expect(lines[0]).not.toContain("\u001b");
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO {2}first\\nsecond .* command="a b" count=2 /);
});

test.each(["json", "text"] as const)("configured secrets never appear in %s lines, wherever they turn up", (format) => {
  const { log, lines } = logged({ format, secrets: ['s3cret"quoted', "hunter22", "hunter22-long"] });
  log.info("got hunter22-long", {
    path: "/x?y=hunter22",
    nested: { deep: ['s3cret"quoted'] },
    body: '{"t":"s3cret\\"quoted"}',
  });
  log.child({ bound: "hunter22" }).error("oops", { error: new Error("bad hunter22") });
  const text = lines.join("");
  expect(text).not.toContain("hunter22");
  expect(text).not.toContain("s3cret");
  expect(text).not.toContain("-long");
  expect(text).toContain("***");
});

test("a secret that looks like a part of a line does not damage the line", () => {
  for (const format of ["json", "text"] as const) {
    const { log, lines } = logged({ format, secrets: ['":"', "level", "time", "2026", "true"] });
    log.info("on time", { flag: true });
    expect(lines[0]).toContain("on ***");
  }
});

test("fields whose name says secret are not written, configured or not", () => {
  const { log, lines } = logged();
  log.info("x", {
    authorization: "Bearer abc",
    producerToken: "abc",
    apiKey: "abc",
    cookie: "abc",
    workerPassword: "abc",
  });
  expect(lines[0]).not.toContain("abc");
});

test("a foreseen failure is told by its message, any other with its place in the code", () => {
  const { log, lines } = logged();
  log.error("x", { error: new CodeqError("UNAVAILABLE", "shard 1 is out of order", { cause: new Error("disk") }) });
  log.error("y", { error: new TypeError("undefined is not a function") });
  expect(lines[0]).toContain('"error":"shard 1 is out of order (disk)"');
  expect(lines[1]).toContain("log.test.ts");
});
