import { expect, test } from "bun:test";
import { runBench } from "./bench-process-fixture.ts";
import type { Fault } from "./double/double-tasks.ts";
import { QueueDouble } from "./double/queue-double.ts";

const CYCLE = [
  "profile-full-cycle",
  "--duration",
  "1",
  "--warmup",
  "0.2",
  "--batch",
  "32",
  "--producer-batch",
  "8",
  "--quiet",
];

async function benchAgainst(fault: Fault | undefined) {
  await using double = await QueueDouble.start(fault);
  return await runBench([...CYCLE, "--target", double.target]);
}

test("a queue that keeps its promises is valid and has a rate", async () => {
  const { code, stdout } = await benchAgainst(undefined);
  expect(stdout).toContain("VALID: every acknowledged task");
  expect(stdout).toMatch(/completed = \d+ \(\d+\/s\)/);
  expect(code).toBe(0);
}, 60_000);

/** One mistake in some ten thousand tasks. */
test.each([
  ["loses-a-task", /tasks that wait: the server counts 0, its clients saw 1|is gone/],
  ["delivers-twice", /delivered-twice/],
  ["refuses-a-result", /result-refused .*not-in-progress/],
  ["loses-a-result", /tasks under a lease: the server counts 1, its clients saw 0/],
  ["ignores-a-result", /1 results were never answered/],
  ["changes-a-payload", /payload-changed/],
  ["flips-a-bit", /payload-changed/],
] as const)(
  "defect 76: a queue that %s once is invalid, prints no rate and exits 12",
  async (kind, reason) => {
    const { code, stdout } = await benchAgainst({ kind, at: 3000 });
    expect(stdout).toContain("INVALID");
    expect(stdout).toMatch(reason);
    expect(stdout).not.toMatch(/\/s\b/);
    expect(code).toBe(12);
  },
  60_000,
);

test("a stored result that is another one than was handed in is found in a sample", async () => {
  const { code, stdout } = await benchAgainst({ kind: "stores-another-result", at: 10 });
  expect(stdout).toContain("has the result");
  expect(code).toBe(12);
}, 60_000);
