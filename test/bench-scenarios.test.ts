import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import { ensureBuilt } from "../scripts/build.ts";
import { type Executable, runBench } from "../src/bench/bench-process-fixture.ts";
import { resultFromJson } from "../src/bench/report/json-report.ts";
import { SCENARIOS } from "../src/bench/scenarios/registry.ts";
import type { Scenario } from "../src/bench/scenarios/scenario.ts";

// Delayed tasks come after up to ten seconds, and processes start slowly on a machine that is busy with other tests.
setDefaultTimeout(120_000);

const ROOT = dirname(import.meta.dir);

/** The binary stands alone: nothing in its environment, and its directory empty. */
const EXECUTABLES: readonly (readonly [name: string, executable: () => Executable])[] = [
  ["the sources", () => ({ command: [process.execPath, join(ROOT, "src/cli.ts")], env: { PATH: "/usr/bin:/bin" } })],
  ["the binary alone", () => ({ command: [ensureBuilt(ROOT)], env: {} })],
];

/** One producer, one worker, a fraction of a second. */
function smallest({ defaults }: Scenario): string[] {
  return [
    "--concurrency=1",
    "--duration=0.5",
    "--warmup=0.3",
    "--no-profile",
    "--quiet",
    "--json=-",
    ...(defaults.producers === undefined ? [] : ["--producers", "1"]),
    ...(defaults.prefill === undefined ? [] : ["--prefill", "2000"]),
  ];
}

describe.each(EXECUTABLES)("from %s", (_, executable) => {
  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("%s measures", async (name, scenario) => {
    const { code, stdout, stderr } = await runBench([name, ...smallest(scenario)], executable());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const result = resultFromJson(stdout, "standard output");
    expect(result).toMatchObject({ scenario: name, outcome: "complete", verdict: "valid" });
    for (const point of result.points) expect(point.rate?.median).toBeGreaterThan(0);
    const lines = result.points.flatMap((point) => scenario.lines(point, result.parameters));
    expect(lines.join("\n")).toMatch(FORMS[name] ?? "a form for every scenario");
  });
});

/** Each scenario prints its lines in the form that scripts for the reference read. */
const FORMS: Readonly<Record<string, RegExp>> = {
  "profile-full-cycle": /^PROFILE WINDOW \(\S+s\):\n {2}created {3}= \d+ \(\d+\/s\)\n {2}completed = \d+ \(\d+\/s\)$/,
  "saturation-worker": /^c=1 {5}completed=\d+ +rate= +\d+ tasks\/s$/,
  "saturation-producer": /^c=1 {5}created=\d+ +rate= +\d+ creates\/s$/,
  "producer-stream-vs-rest":
    /^REST: created=\d+ .*\nSTREAM: created=\d+ .*\nSTREAM-BATCH \(size=16\): created=\d+ .* creates\/s$/,
  "worker-stream-vs-rest": /^STREAM: completed=\d+ .*\nREST: completed=\d+ .* tasks\/s$|^REST: .*\nSTREAM: .*$/,
  "http-cycle": /^c=1 {5}completed=\d+ +rate= +\d+ tasks\/s$/,
  "gc-pressure": /^ENQUEUE: .*\nCLAIM-SUBMIT: /,
  delayed: /created {3}= \d+/,
  backlog: /^depth=1000 {2}rate=\d+ tasks\/s .*\ndepth=2000 {2}rate=\d+ tasks\/s/,
};
