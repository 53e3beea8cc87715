import { expect, test } from "bun:test";
import { dirname, join } from "node:path";

const ROOT = dirname(import.meta.dir);

test("the exercise of the gate tells builds of the same sources from one that computes for nothing", async () => {
  // So much slower that it shows in any run, by a limit that nothing else could cross.
  const bench = ["http-cycle", "--duration", "2", "--warmup", "0.2", "--producers", "1", "--concurrency", "1"];
  const gate = ["--rounds", "1", "--fail-on", "cpu>+200%", "--", ...bench];
  const { code, output } = await exercise("--identical", "1", "--slowed", "1", "--slow-down", "0.9", "--", ...gate);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining("right 2 times of 2") });
  expect(output).toMatch(/^\| the same \| passed \| yes \| /m);
  expect(output).toMatch(/^\| [\d.]+ µs more for each request \(−90 %\) \| failed \| yes \| −\d/m);
}, 300_000);

test.each([
  ["--identical", "0"],
  ["--identical", "101"],
  ["--slowed", "-1"],
  ["--slow-down", "1"],
  ["--slow-down", "x"],
])(
  "%s %s is refused with the usage",
  async (option, value) => {
    expect(await exercise(`${option}=${value}`)).toMatchObject({ code: 2, output: expect.stringContaining("usage:") });
  },
  30_000,
);

async function exercise(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  const child = Bun.spawn([process.execPath, join(ROOT, "scripts/bench-gate-exercise.ts"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [code, output, errors] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  return { code, output: `${output}${errors}` };
}
