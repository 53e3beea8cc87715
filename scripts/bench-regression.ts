import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { mergeRuns } from "./regression/merge-runs.ts";

const USAGE = `usage: bun scripts/bench-regression.ts <base binary> <head binary> [options] [-- <scenario and flags of codeq bench>]

  --rounds <n>         runs of each binary, 10 by default
  --fail-on <limit>    as of \`codeq bench compare\`; may be repeated. Default: rate<-10% and cpu>+10%
  --out <directory>    where base.json and head.json are left; ./bench-regression by default
`;

const ROUNDS_MAX = 100;
const DEFAULT_LIMITS = ["rate<-10%", "cpu>+10%"];
/** Shorter windows and warm-ups measure the start of a process more than its work. */
const DEFAULT_BENCH = ["http-cycle", "--duration", "4", "--warmup", "2"];

/**
 * Measures two builds in turn on the same machine, and lets \`codeq bench compare\` of the head decide whether it became
 * slower. In turn, since a machine that others share gets faster and slower by itself: it does so for both then.
 * @returns the exit code of the comparison, or of the run that failed
 */
async function benchRegression(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "10" },
      "fail-on": { type: "string", multiple: true, default: DEFAULT_LIMITS },
      out: { type: "string", default: "bench-regression" },
    },
  });
  const [base, head, ...given] = positionals;
  const rounds = Number(values.rounds);
  if (base === undefined || head === undefined || !Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    process.stderr.write(USAGE);
    return 2;
  }
  const bench = given.length === 0 ? DEFAULT_BENCH : given;
  const sides = {
    base: { binary: resolve(base), texts: [] },
    head: { binary: resolve(head), texts: [] },
  } satisfies Record<string, Side>;
  mkdirSync(values.out, { recursive: true });
  for (let round = 0; round < rounds; round += 1) {
    // Neither is always the one that runs on a machine the other has warmed up.
    const order = round % 2 === 0 ? [sides.base, sides.head] : [sides.head, sides.base];
    for (const side of order) {
      const code = await measure(side, bench, join(values.out, "run.json"));
      if (code !== 0) return code;
    }
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  const files = { base: join(values.out, "base.json"), head: join(values.out, "head.json") };
  writeFileSync(files.base, mergeRuns(sides.base.texts));
  writeFileSync(files.head, mergeRuns(sides.head.texts));
  const limits = values["fail-on"].flatMap((limit) => ["--fail-on", limit]);
  const compare = [sides.head.binary, "bench", "compare", "--markdown", ...limits, files.base, files.head];
  return Bun.spawn(compare, { stdio: ["ignore", "inherit", "inherit"] }).exited;
}

interface Side {
  readonly binary: string;
  /** Results so far, as JSON. */
  readonly texts: string[];
}

async function measure({ binary, texts }: Side, bench: readonly string[], file: string): Promise<number> {
  const command = [binary, "bench", ...bench, "--quiet", "--no-profile", "--json", file];
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "inherit"] });
  const [code, report] = await Promise.all([child.exited, child.stdout.text()]);
  // The report is for people who look at one run, such as one that failed.
  if (code === 0) texts.push(readFileSync(file, "utf8"));
  else process.stderr.write(`${report}${binary} exited with ${code}\n`);
  return code;
}

process.exitCode = await benchRegression(process.argv.slice(2));
