export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

/** Runs `bun test` with these arguments, showing what it says as it says it. */
export async function runTests(root: string, args: readonly string[]): Promise<TestCounts> {
  const child = Bun.spawn([process.execPath, "test", ...args], {
    cwd: root,
    // In CI mode a forgotten `test.only` and a snapshot that was never written are failures. What needs a tool that is
    // not there may be skipped on a user's machine, and must fail where nobody reads what was skipped.
    env: { ...process.env, CI: "true", CODEQ_SKIPPING: isSet(process.env["CI"]) ? "refused" : "allowed" },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  let report = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    process.stderr.write(text);
    report += text;
  }
  return countTests(report, await child.exited);
}

/**
 * Reads the summary of `bun test`. No tests at all, a run that broke off and an error outside of any test are failures,
 * each counted as one.
 */
export function countTests(report: string, exitCode: number): TestCounts {
  const passed = lastCount(report, "pass");
  const failed = lastCount(report, "fail") ?? 0;
  const broken = exitCode !== 0 || passed === undefined || passed + failed === 0;
  return { passed: passed ?? 0, failed: broken ? Math.max(failed, 1) : failed };
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== "" && variable !== "false";
}

function lastCount(report: string, what: "pass" | "fail"): number | undefined {
  const line = [...report.matchAll(new RegExp(`^ (\\d+) ${what}$`, "gm"))].at(-1)?.[1];
  return line === undefined ? undefined : Number(line);
}
