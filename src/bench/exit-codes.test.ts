import { expect, test } from "bun:test";
import { join } from "node:path";
import { BENCH_EXIT_CODES } from "./exit-codes.ts";

test("the page on measuring names every exit code", async () => {
  const page = await Bun.file(join(import.meta.dir, "../../docs/benchmarks.md")).text();
  for (const { code } of Object.values(BENCH_EXIT_CODES)) expect(page).toMatch(new RegExp(`^\\| ${code} \\| \\w`, "m"));
});
