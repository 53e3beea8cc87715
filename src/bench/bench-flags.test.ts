import { describe, expect, test } from "bun:test";
import { flagsOf, parametersFor } from "./bench-flags-fixture.ts";
import { PAYLOAD_BYTES_MIN } from "./load/task-payload.ts";
import { backlog } from "./scenarios/backlog.ts";
import { httpCycle } from "./scenarios/http-cycle.ts";
import { profileFullCycle } from "./scenarios/profile-full-cycle.ts";
import { SCENARIOS } from "./scenarios/registry.ts";
import { saturationProducer } from "./scenarios/saturation-producer.ts";
import { saturationWorker } from "./scenarios/saturation-worker.ts";

const SWEEP = [1, 4, 16, 32, 64, 128, 256, 512];

describe("without flags", () => {
  test("profile-full-cycle is 128 slots and 32 producers, 2 s of warm-up and a window of 20 s", () => {
    const parameters = parametersFor(profileFullCycle);
    expect(parameters).toMatchObject({ concurrency: [128], producers: 32, warmupMs: 2000, durationMs: 20_000 });
    expect(parameters).toMatchObject({ batch: 1, producerBatch: 1, shards: 1, durability: "off", repeat: 1, seed: 1 });
    expect(parameters).toMatchObject({ payloadBytes: PAYLOAD_BYTES_MIN, ratePerSecond: undefined, target: undefined });
  });

  test.each([saturationWorker, saturationProducer])("$name sweeps from 1 to 512 slots in steps of 6 s", (scenario) => {
    expect(parametersFor(scenario)).toMatchObject({ concurrency: SWEEP, durationMs: 6000, warmupMs: 500 });
  });

  test.each(SCENARIOS)("$name shows in its parameters what it does by default", (scenario) => {
    const { concurrency, durationMs, warmupMs, batch = 1, producerBatch = 1, producers = 0 } = scenario.defaults;
    const { prefill = 0 } = scenario.defaults;
    expect(parametersFor(scenario)).toMatchObject({ concurrency, durationMs, warmupMs, batch, producerBatch });
    expect(parametersFor(scenario)).toMatchObject({ producers, prefill });
  });
});

describe("a flag reaches the parameters", () => {
  test.each([
    ["--shards 4", { shards: 4 }],
    ["--batch 16", { batch: 16 }],
    ["--producer-batch 8", { producerBatch: 8 }],
    ["--concurrency 3", { concurrency: [3] }],
    ["--concurrency 4,2,4", { concurrency: [4, 2] }],
    ["--producers 5", { producers: 5 }],
    ["--prefill 77", { prefill: 77 }],
    ["--duration 1.5", { durationMs: 1500 }],
    ["--duration 7s", { durationMs: 7000 }],
    ["--warmup 0", { warmupMs: 0 }],
    ["--payload-bytes 4096", { payloadBytes: 4096 }],
    ["--durability full", { durability: "full" }],
    ["--repeat 5", { repeat: 5 }],
    ["--seed 42", { seed: 42 }],
    ["--threads 3", { threads: 3 }],
    ["--target http://a,http://b,http://c", { target: "http://a,http://b,http://c" }],
  ] as const)("%s", (line, parameters) => {
    expect(parametersFor(backlog, line.split(" "))).toMatchObject(parameters);
  });

  test("--rate, in the scenarios that have an open model", () => {
    expect(parametersFor(httpCycle, ["--rate", "0.5"])).toMatchObject({ ratePerSecond: 0.5 });
    expect(() => flagsOf(backlog, ["--rate", "1"])).toThrow("unknown option '--rate'");
  });

  test("--server-flags, word by word", () => {
    const args = ["--server-flags", " --cache  256MiB --max-payload 1MiB "];
    expect(flagsOf(backlog, args).serverFlags).toEqual(["--cache", "256MiB", "--max-payload", "1MiB"]);
    expect(parametersFor(backlog, args).serverFlags).toBe("--cache 256MiB --max-payload 1MiB");
    expect(() => flagsOf(backlog, [...args, "--target", "http://a,http://b,http://c"])).toThrow("cannot be used with");
  });

  test("--quiet and -q, which are off by default", () => {
    const quiet = [[], ["--quiet"], ["-q"]].map((args) => flagsOf(backlog, args).quiet);
    expect(quiet).toEqual([false, true, true]);
  });
});

describe("a variable that the harness before had", () => {
  test.each([
    ["PHASE8_SHARDS", "--shards", "shards"],
    ["PHASE6_BATCH", "--batch", "batch"],
    ["PHASE6_PROD_BATCH", "--producer-batch", "producerBatch"],
  ] as const)("%s is the default of %s; the flag wins", (variable, flag, parameter) => {
    const without = parametersFor(backlog)[parameter];
    using _ = environment(variable, "7");
    expect(parametersFor(backlog)).toEqual({ ...parametersFor(backlog), [parameter]: 7 });
    expect(without).not.toBe(7);
    expect(parametersFor(backlog, [flag, "3"])[parameter]).toBe(3);
  });

  test("is not set if it is empty", () => {
    using _ = environment("PHASE8_SHARDS", " ");
    expect(parametersFor(backlog).shards).toBe(1);
  });

  test("is checked as the flag is", () => {
    using _ = environment("PHASE8_SHARDS", "many");
    expect(() => flagsOf(backlog, [])).toThrow("It is a whole number from 1 to 64.");
  });
});

describe("a value out of bounds is refused, with the bounds", () => {
  test.each([
    ["--shards 0", "from 1 to 64"],
    ["--shards 65", "from 1 to 64"],
    ["--shards 1.5", "a whole number"],
    ["--batch 1001", "from 1 to 1000"],
    ["--producer-batch 0", "from 1 to 1000"],
    ["--concurrency 1,,2", "from 1 to 4096"],
    [`--concurrency ${Array.from({ length: 65 }, (_, step) => step + 1).join(",")}`, "At most 64 steps"],
    ["--duration 0", "seconds from 0.05 to 3600"],
    ["--duration 3601", "seconds from 0.05 to 3600"],
    ["--warmup -1", "seconds from 0 to 3600"],
    ["--payload-bytes 30", "from 31 to 1000000"],
    ["--durability some", "off, normal, full"],
    ["--repeat 0", "from 1 to 100"],
  ])("%s", (line, bounds) => {
    expect(() => flagsOf(backlog, line.split(" "))).toThrow(bounds);
  });

  test.each(["0", "-1", "1000001", "fast"])("--rate %s", (rate) => {
    expect(() => flagsOf(httpCycle, ["--rate", rate])).toThrow("more than 0 and up to 1000000");
  });
});

/** A variable of this process, for as long as it is in scope. */
function environment(name: string, value: string): Disposable {
  Bun.env[name] = value;
  return {
    [Symbol.dispose]: () => {
      delete Bun.env[name];
    },
  };
}
