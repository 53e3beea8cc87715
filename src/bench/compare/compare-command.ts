import { Command, InvalidArgumentError } from "commander";
import { BENCH_EXIT_CODES } from "../exit-codes.ts";
import { ResultFileError, readResult } from "../report/json-report.ts";
import type { BenchResult } from "../result.ts";
import { describeMismatch, type Mismatch } from "./comparable.ts";
import { compareOutcome } from "./compare-outcome.ts";
import { COMPARED_MEASURES } from "./compared-measures.ts";
import { type Comparison, compareResults } from "./comparison.ts";
import { describeComparison } from "./comparison-text.ts";
import { type FailOn, idleLimits, parseFailOn } from "./fail-on.ts";

/** What the command may do to the world around it. */
export interface CompareIo {
  /** To standard output. */
  readonly print: (text: string) => void;
  /** To standard error. */
  readonly warn: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

interface CompareFlags {
  readonly failOn?: readonly FailOn[];
  readonly all?: true;
  readonly markdown?: true;
  readonly acrossMachines?: true;
  readonly acrossParameters?: true;
}

/** `codeq bench compare base.json new.json`: whether the new result is slower, as far as that can be told from chance. */
export function compareCommand(io: CompareIo): Command {
  return new Command("compare")
    .description("tell whether one saved result is slower than another, and how sure that is")
    .argument("<base.json>", "what --json wrote before the change")
    .argument("<new.json>", "what --json wrote after it")
    .option("--fail-on <limit>", "exit 10 when a change crosses it, such as rate<-5%; may be repeated", addLimit)
    .option("--all", "show every measure at every point")
    .option("--markdown", "print Markdown, for a pull request")
    .option("--across-machines", "compare although the machines differ")
    .option("--across-parameters", "compare although parameters or durability differ")
    .addHelpText("after", measuresText())
    .action((basePath: string, nextPath: string, flags: CompareFlags) => compare(basePath, nextPath, flags, io));
}

function measuresText(): string {
  const names = COMPARED_MEASURES.map(({ name }) => name).join(" ");
  return `\nMeasures for --fail-on:\n${Bun.wrapAnsi(names, 78).replaceAll(/^/gm, "  ")}\n`;
}

async function compare(basePath: string, nextPath: string, flags: CompareFlags, io: CompareIo): Promise<void> {
  const refuse = (message: string): void => {
    io.warn(`codeq bench compare: ${message}\n`);
    io.setExitCode(BENCH_EXIT_CODES.usage.code);
  };
  let results: readonly [BenchResult, BenchResult];
  try {
    results = [await readResult(basePath), await readResult(nextPath)];
  } catch (error) {
    if (error instanceof ResultFileError) return refuse(error.message);
    throw error;
  }
  const comparison = compareResults(...results);
  const refusal = refusalOf(comparison, flags);
  if (refusal !== undefined) return refuse(refusal);

  const form = flags.markdown === true ? "markdown" : "text";
  const { exitCode, reasons } = compareOutcome(comparison, flags.failOn ?? []);
  io.print(describeComparison(comparison, { form, all: flags.all === true }));
  for (const reason of reasons) io.print(form === "markdown" ? `\n**${reason}**\n` : `${reason}\n`);
  io.setExitCode(exitCode);
}

/** Why the two must not be compared, unless told to. */
function refusalOf(comparison: Comparison, flags: CompareFlags): string | undefined {
  const { mismatches, base, next } = comparison;
  const refused = mismatches.find(({ kind }) => !allowed(kind, flags));
  if (refused !== undefined) {
    const flag = ACROSS[refused.kind];
    const advice = flag === undefined ? "" : `; --across-${flag} compares them all the same`;
    return `${describeMismatch(refused)}${advice}`;
  }
  const [idle] = idleLimits(comparison, flags.failOn ?? []);
  if (idle !== undefined && base.verdict === "valid" && next.verdict === "valid") {
    return `--fail-on ${idle.text}: ${idle.measure} was not measured in both, so that it could never fail`;
  }
  return undefined;
}

const ACROSS: Readonly<Partial<Record<Mismatch["kind"], string>>> = { machine: "machines", parameters: "parameters" };

function allowed(kind: Mismatch["kind"], flags: CompareFlags): boolean {
  switch (kind) {
    case "scenario":
      return false;
    case "machine":
      return flags.acrossMachines === true;
    case "parameters":
      return flags.acrossParameters === true;
    case "system":
      return true;
  }
}

function addLimit(text: string, limits: readonly FailOn[] = []): readonly FailOn[] {
  try {
    return [...limits, parseFailOn(text)];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
