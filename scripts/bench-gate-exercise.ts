import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { COMPARED_MEASURES, samplesOf } from "../src/bench/compare/compared-measures.ts";
import { judge } from "../src/bench/compare/judge.ts";
import { median } from "../src/bench/median.ts";
import { percentChange } from "../src/bench/report/figures.ts";
import { readResult } from "../src/bench/report/json-report.ts";
import { buildCopy } from "./regression/slowed-build.ts";

const USAGE = `usage: bun scripts/bench-gate-exercise.ts [options] [-- <options of bench-regression.ts>]

  --identical <n>      tries with two builds of the same sources; 10 by default, 1 to 100
  --slowed <n>         tries with a head that takes longer for each request; 1 by default, 0 to 100
  --slow-down <share>  by how much the rate of that head should be lower; 0.2 by default, under 1

Without options for bench-regression.ts, those of the benchmark workflow.
`;

const TRIES_MAX = 100;
/** Of a task, by the scenario of the gate: its creation, its claim and its result. */
const REQUESTS_PER_TASK = 3;
/** Of bench-regression.ts, for a limit that is crossed. */
const CROSSED = 10;

/**
 * Tries whether the gate of the benchmark workflow tells a slower head from one that is not: it lets it compare builds
 * of which that is known, and prints what came of it as a table.
 * @returns 0 when it was right every time
 */
async function exerciseGate(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      identical: { type: "string", default: "10" },
      slowed: { type: "string", default: "1" },
      "slow-down": { type: "string", default: "0.2" },
    },
  });
  const [identical, slowed, slowDown] = [Number(values.identical), Number(values.slowed), Number(values["slow-down"])];
  if (!isCount(identical, 1) || !isCount(slowed, 0) || !(slowDown > 0 && slowDown < 1)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const root = dirname(import.meta.dirname);
  const options = positionals.length === 0 ? workflowOptions(root) : positionals;
  // Not in memory: what is measured writes to a disk.
  const directory = mkdtempSync("/var/tmp/codeq-gate-");
  try {
    const base = buildCopy(root, join(directory, "base"), 0);
    const same = buildCopy(root, join(directory, "same"), 0);
    process.stdout.write(`bench-regression.ts ${options.join(" ")}\n\n`);
    process.stdout.write("| Head | Gate | Right | Rate | CPU per task |\n|---|---|---|---:|---:|\n");
    const tries: Try[] = [];
    const attempt = async (head: string, label: string, slower: boolean): Promise<void> => {
      tries.push(await tryGate({ base, head, label, slower, options, out: join(directory, "out") }));
    };
    for (let index = 0; index < identical; index += 1) await attempt(same, "the same", false);
    if (slowed > 0) {
      const burnNs = burnFor(slowDown, tries);
      const slow = buildCopy(root, join(directory, "slow"), burnNs);
      const label = `${(burnNs / 1000).toFixed(1)} µs more for each request (−${slowDown * 100} %)`;
      for (let index = 0; index < slowed; index += 1) await attempt(slow, label, true);
    }
    const right = tries.filter((each) => each.right).length;
    process.stdout.write(`\nright ${right} times of ${tries.length}\n`);
    return right === tries.length ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Attempt {
  readonly base: string;
  readonly head: string;
  /** What the head is. */
  readonly label: string;
  readonly slower: boolean;
  readonly options: readonly string[];
  /** Where results are left. */
  readonly out: string;
}

interface Try {
  readonly right: boolean;
  /** Tasks per second of the base's runs. */
  readonly rates: readonly number[];
}

/** Compares once, and prints a row. */
async function tryGate({ base, head, label, slower, options, out }: Attempt): Promise<Try> {
  rmSync(out, { recursive: true, force: true });
  const script = join(import.meta.dirname, "bench-regression.ts");
  const child = Bun.spawn([process.execPath, script, base, head, "--out", out, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [code, output, errors] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  if (code !== 0 && code !== CROSSED) throw new Error(`the gate broke off with ${code}:\n${output}${errors}`);
  const right = (code === CROSSED) === slower;
  const [before, after] = [await readResult(join(out, "base.json")), await readResult(join(out, "head.json"))];
  const samples = (result: typeof before, name: string): readonly number[] => {
    const [measure, [point]] = [COMPARED_MEASURES.find((each) => each.name === name), result.points];
    return measure === undefined || point === undefined ? [] : samplesOf(point, measure);
  };
  const change = (name: string): string => {
    const { shift } = judge(samples(before, name), samples(after, name), "higher");
    return shift === undefined ? "" : percentChange(shift.estimate);
  };
  const gate = code === 0 ? "passed" : "failed";
  process.stdout.write(`| ${label} | ${gate} | ${right ? "yes" : "NO"} | ${change("rate")} | ${change("cpu")} |\n`);
  return { right, rates: samples(before, "rate") };
}

/** So long that a server that is what limits the rate does a task in 1 / (1 - share) of the time. */
function burnFor(share: number, tries: readonly Try[]): number {
  const rates = tries.flatMap((each) => each.rates);
  const taskNs = 1e9 / median(rates);
  return Math.round((taskNs * (1 / (1 - share) - 1)) / REQUESTS_PER_TASK);
}

function workflowOptions(root: string): readonly string[] {
  const workflow = readFileSync(join(root, ".github/workflows/benchmark.yml"), "utf8");
  const [, options] = /bench-regression\.ts base\/dist\/codeq head\/dist\/codeq ([^|\\]*)/.exec(workflow) ?? [];
  if (options === undefined) throw new Error("the benchmark workflow no longer calls bench-regression.ts as it did");
  return options.trim().split(/\s+/);
}

function isCount(value: number, minimum: number): boolean {
  return Number.isInteger(value) && value >= minimum && value <= TRIES_MAX;
}

process.exitCode = await exerciseGate(process.argv.slice(2));
