import { describe, expect, test } from "bun:test";
import { Command } from "commander";
import { addBenchFlags, type BenchFlags } from "../bench-flags.ts";
import { addProfileFlags, type ProfileFlags } from "../profile/profile-flags.ts";
import { benchResult, SWEEP } from "../report/result-fixture.ts";
import { SCENARIOS } from "../scenarios/registry.ts";
import { profileCommand } from "./profile-command.ts";

describe("the command that captures a profile", () => {
  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "of %s is one that bench takes",
    async (name, scenario) => {
      const words = profileCommand(benchResult(SWEEP, { scenario: name })).split(" ");
      expect(words.slice(0, 3)).toEqual(["codeq", "bench", name]);
      const command = addProfileFlags(addBenchFlags(new Command(name), scenario), scenario).exitOverride();
      await command.parseAsync(words.slice(3), { from: "user" });
      expect(command.opts<BenchFlags & ProfileFlags>()).toMatchObject({
        shards: 4,
        durability: "off",
        concurrency: [64],
        profileDir: "/tmp/codeq-profiles",
      });
    },
  );

  test("repeats what the run was asked for", () => {
    const command = profileCommand(benchResult(SWEEP, { scenario: "profile-full-cycle" }));
    expect(command).toContain("--batch 32 --producer-batch 8");
  });

  test("repeats the server's own flags", () => {
    const { parameters } = benchResult(SWEEP);
    const command = profileCommand(benchResult(SWEEP, { parameters: { ...parameters, serverFlags: "--cache 1MiB" } }));
    expect(command).toContain("--server-flags '--cache 1MiB'");
  });
});
