import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { QueueDouble } from "../src/bench/double/queue-double.ts";
import { ensureBuilt } from "./build.ts";
import { median } from "./median.ts";

/**
 * How much load the generator of `codeq bench` can make: the same bench against the server, and against a double in this
 * process that keeps tasks in memory and acknowledges at once; in turn. Where the second is far above the first, the server
 * was the limit and not the generator.
 */

const USAGE = "usage: bun scripts/bench-generator.ts [--rounds <n>] [-- <scenario and flags of codeq bench>]\n";
const DEFAULT_BENCH = ["profile-full-cycle", "--batch", "32", "--producer-batch", "8", "--duration", "5"];

const Result = z.object({
  points: z.tuple([
    z.object({ unit: z.string(), runs: z.tuple([z.object({ measures: z.object({ rate: z.number() }) })]) }),
  ]),
});

async function benchGenerator(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: "string", default: "5" } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  const bench = positionals.length === 0 ? DEFAULT_BENCH : positionals;
  const rates = { server: [] as number[], double: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    rates.server.push(await measure(bench));
    await using double = await QueueDouble.start(undefined);
    rates.double.push(await measure([...bench, "--target", double.target]));
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  process.stdout.write(`codeq bench ${bench.join(" ")}\n`);
  for (const [side, all] of Object.entries(rates)) {
    const [lowest, middle, highest] = [Math.min(...all), median(all), Math.max(...all)].map(Math.round);
    process.stdout.write(`against the ${side}: ${middle}/s (${lowest} … ${highest})\n`);
  }
  process.stdout.write(
    `the generator alone offers ${(median(rates.double) / median(rates.server)).toFixed(2)} times that\n`,
  );
  return 0;
}

async function measure(bench: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "codeq-generator-"));
  const file = join(directory, "run.json");
  try {
    const binary = ensureBuilt(dirname(import.meta.dirname));
    const command = [binary, "bench", ...bench, "--quiet", "--no-profile", "--json", file];
    const code = await Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] }).exited;
    if (code !== 0) throw new Error(`${command.join(" ")} exited with ${code}`);
    return Result.parse(JSON.parse(readFileSync(file, "utf8"))).points[0].runs[0].measures.rate;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await benchGenerator(process.argv.slice(2));
