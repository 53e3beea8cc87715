import { describe, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildK6First, K6_MISSING, k6Path } from "../loadtest/k6-run.ts";
import { expectGuideToHold, ROOT } from "./guide-shell.ts";

const GUIDE_MS_MAX = 120_000;
/** How fast this machine is today is not what a guide is tried for. */
const UNHURRIED = { CLAIM_P99_MS: "60000", DROPPED_PCT_MAX: "100" };

test(
  "the commands of the operations guide do what it says",
  () => expectGuideToHold(guide("docs/operations.md"), []),
  GUIDE_MS_MAX,
);

test(
  "the commands of the benchmark guide do what it says",
  () => expectGuideToHold(shortBench(guide("docs/benchmarks.md")), []),
  GUIDE_MS_MAX,
);

describe.skipIf(K6_MISSING)("with k6", () => {
  buildK6First();

  test.each(["docs/load-testing.md", "loadtest/README.md"])(
    "the commands of %s do what it says",
    (page) => expectGuideToHold(shortLoad(guide(page)), [dirname(k6Path())], UNHURRIED),
    GUIDE_MS_MAX,
  );
});

function guide(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Seconds of a little load instead of minutes of much. */
function shortLoad(markdown: string): string {
  return markdown
    .replaceAll(/\bDURATION=\w+/g, "DURATION=1s")
    .replaceAll(/\b(RATE|PRODUCER_RATE)=\d+/g, "$1=20")
    .replaceAll(/(?=codeq loadtest run|k6 run)/g, "WORKER_VUS=5 ");
}

/** One point of a moment for each sweep. A comparison that finds a difference on a busy machine has done its work, too. */
function shortBench(markdown: string): string {
  return markdown
    .replaceAll(/^codeq bench saturation-worker/gm, "$& --concurrency 4 --duration 0.3 --warmup 0.1 --quiet")
    .replaceAll("--repeat 5", "--repeat 2")
    .replaceAll(/^codeq bench compare .*$/gm, "$& || [ $? -eq 10 -o $? -eq 11 ]");
}
