import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { CodeqProcess, TemporaryDirectory } from "./server/process-fixture.ts";

// Processes start slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);

async function codeq(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await using run = new CodeqProcess(args, env);
  return await run.end();
}

describe("what is wrong ends the start with one line and exit code 2", () => {
  test.each<[string, readonly string[], string]>([
    ["an unknown command", ["srve"], "codeq: unknown command srve; did you mean serve? See codeq help."],
    ["a command that is like none", ["frobnicate"], "codeq: unknown command frobnicate. See codeq help."],
    ["an unknown flag", ["serve", "--prot", "1"], "codeq: unknown option '--prot' (Did you mean --port?)"],
    ["an unknown flag without a command", ["--shard", "1"], "codeq: unknown option '--shard' (Did you mean --shards?)"],
    ["a flag without its value", ["serve", "--port"], "codeq: option '--port <n>' argument missing"],
    [
      "a value out of range",
      ["--port", "65536"],
      'codeq: flag --port: "65536" is not valid, must be a whole number from 0 to 65535',
    ],
    [
      "an argument too many",
      ["serve", "now"],
      "codeq: too many arguments for 'serve'. Expected 0 arguments but got 1: now.",
    ],
    [
      "a file that is not there",
      ["config", "--config", "/nowhere/codeq.yaml"],
      "codeq: configuration file /nowhere/codeq.yaml cannot be read",
    ],
    [
      "exposing the dev token",
      ["--host", "0.0.0.0", "--port", "0"],
      "codeq: no authentication is configured, and others can reach 0.0.0.0",
    ],
  ])("%s", async (_, args, message) => {
    const { code, stdout, stderr } = await codeq(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith(message);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test("a bad variable", async () => {
    const { code, stderr } = await codeq(["config"], { CODEQ_DURABILITY: "some" });
    expect(code).toBe(2);
    expect(stderr).toBe(
      'codeq: environment variable CODEQ_DURABILITY: "some" is not valid, must be one of off, normal, full\n',
    );
  });

  test("a bad file, by name and key", async () => {
    using directory = new TemporaryDirectory();
    const path = directory.at("codeq.yaml");
    await Bun.write(path, "port: 99999\nshrads: 4\n");
    const { code, stderr } = await codeq(["config"], { CODEQ_CONFIG_PATH: path });
    expect(code).toBe(2);
    expect(stderr).toContain(`configuration file ${path}: port: 99999 is not valid`);
    expect(stderr).toContain("unknown key shrads; did you mean shards?");
    await Bun.write(path, "port: [");
    expect((await codeq(["config"], { CODEQ_CONFIG_PATH: path })).stderr).toContain("is not valid YAML");
    await Bun.write(path, "port: 7000\nport: 7001\n");
    expect((await codeq(["config"], { CODEQ_CONFIG_PATH: path })).stderr).toContain("key port is there twice");
  });

  test("a wrong token setting is named and not shown", async () => {
    const env = { PRODUCER_AUTH_PROVIDER: "static", PRODUCER_AUTH_CONFIG: '{"token":"hunter22","tokn":"hunter22"}' };
    const { code, stderr } = await codeq(["serve", "--port", "0"], env);
    expect(code).toBe(2);
    expect(stderr).toContain("producer auth");
    expect(stderr).not.toContain("hunter22");
  });
});

test("help names every command and the exit codes", async () => {
  const { code, stdout } = await codeq(["help"]);
  expect(code).toBe(0);
  for (const name of ["serve", "config", "version", "healthcheck", "Exit codes:"]) expect(stdout).toContain(name);
});

test("help for serve names every flag with default and variable", async () => {
  for (const args of [
    ["help", "serve"],
    ["serve", "--help"],
  ]) {
    const { code, stdout } = await codeq(args);
    expect(code).toBe(0);
    expect(stdout).toContain("--retention <duration>");
    expect(stdout).toContain("(default 1d) [CODEQ_RETENTION_SECONDS]");
  }
});

test("health is a shorter name of healthcheck", async () => {
  for (const name of ["health", "healthcheck"]) {
    const { code, stderr } = await codeq([name, "--url", "http://127.0.0.1:1"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("http://127.0.0.1:1")]);
  }
});

test("version tells what it was built from, to people and to programs", async () => {
  expect((await codeq(["version"])).stdout).toMatch(/^codeq \S+ \(commit /);
  const shown: unknown = JSON.parse((await codeq(["version", "--json"])).stdout);
  expect(Object.keys(shown as object)).toEqual(["version", "commit", "date", "bun", "platform"]); // parsed from an object
  expect((await codeq(["--version"])).code).toBe(0);
});

test("config shows what the server would refuse to start with, and fails like it", async () => {
  const { code, stdout, stderr } = await codeq(["config"], { PRODUCER_AUTH_CONFIG: '{"token":"secret","extra":1}' });
  expect(code).toBe(2);
  expect(stdout).toContain("producerAuthConfig");
  expect(stderr).toContain("codeq: producer auth: ");
  expect(stderr).not.toContain("secret");
});

test("config reads flags, variables and the file together, and writes warnings apart", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.at("codeq.yaml");
  await Bun.write(path, "shards: 4\nport: 7000\nworkerAuthProvider: static\nworkerAuthConfig:\n  token: hunter22\n");
  const { code, stdout, stderr } = await codeq(["config", "--json", "--config", path, "--port", "7001"], {
    TIMEZONE: "UTC",
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    port: { value: 7001, source: "flag --port" },
    shards: { value: 4, source: `configuration file ${path}: shards` },
    workerAuthConfig: { value: "***" },
  });
  expect(stderr).toBe("warning: no effect: TIMEZONE (times are in UTC)\n");
});
