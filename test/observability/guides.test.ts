import { describe, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildK6First, K6_MISSING, k6Path } from "../loadtest/k6-run.ts";
import { expectGuideToHold, ROOT } from "./guide-shell.ts";

const GUIDE_MS_MAX = 120_000;

test(
  "the commands of the operations guide do what it says",
  () => expectGuideToHold(guide("operations.md"), []),
  GUIDE_MS_MAX,
);

describe.skipIf(K6_MISSING)("with k6", () => {
  buildK6First();

  test(
    "the commands of the load testing guide do what it says",
    () => expectGuideToHold(guide("load-testing.md"), [dirname(k6Path())]),
    GUIDE_MS_MAX,
  );
});

function guide(name: string): string {
  return readFileSync(join(ROOT, "docs", name), "utf8");
}
