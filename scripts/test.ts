import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { CHECKS } from "./checks.ts";
import { ensureInstalled } from "./install.ts";
import { runCommand } from "./run-command.ts";
import { runTests, type TestCounts } from "./run-tests.ts";

/**
 * `bun run test` runs every check and every test, whatever fails on the way; `bun run test <path or option of bun test>…`
 * runs only those tests. The last line counts tests and checks.
 * Nothing this imports may come from `node_modules`, which does not exist on a fresh machine.
 */
async function test(args: readonly string[]): Promise<number> {
  const root = dirname(import.meta.dirname);
  try {
    ensureInstalled(root);
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return close({ passed: 0, failed: 1 });
  }
  if (args.length > 0) return close(await runTests(root, args));

  const checks = await runChecks(root);
  const tests = await step("tests", () => runTests(root, ["--parallel", "--only-failures"]));
  return close({ passed: checks.passed + tests.passed, failed: checks.failed + tests.failed });
}

/** As many at a time as there are cores. */
async function runChecks(root: string): Promise<TestCounts> {
  const waiting = [...CHECKS];
  let failed = 0;
  const lane = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const { name, command, advice } = check;
      const counts = await step(name, async () => {
        const { ok, output } = await runCommand(root, command);
        return {
          passed: ok ? 1 : 0,
          failed: ok ? 0 : 1,
          output: `${output}${advice === undefined ? "" : `${advice}\n`}`,
        };
      });
      failed += counts.failed;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return { passed: CHECKS.length - failed, failed };
}

async function step(name: string, run: () => Promise<TestCounts & { readonly output?: string }>): Promise<TestCounts> {
  const startMs = performance.now();
  const { passed, failed, output } = await run();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(`${failed === 0 ? "ok  " : "FAIL"}  ${name.padEnd(12)} ${seconds.padStart(6)} s\n`);
  if (failed > 0 && output !== undefined) process.stdout.write(output);
  return { passed, failed };
}

function close({ passed, failed }: TestCounts): number {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

// `bun run test -- path` hands the dashes on.
process.exitCode = await test(process.argv.slice(2).filter((arg, index) => index > 0 || arg !== "--"));
