import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import type { BenchResult } from "../result.ts";
import { htmlReport } from "./html/html-report.ts";
import { ResultFileError, resultToJson } from "./json-report.ts";
import { markdownReport } from "./markdown-report.ts";

/** Where reports go. */
export interface ReportFlags {
  /** A file, or `-` for standard output. */
  readonly json?: string;
  readonly html?: string;
  /** A file; `true` for standard output. */
  readonly markdown?: string | true;
  /** A result saved before, to hold this one against. */
  readonly baseline?: string;
}

export function addReportFlags(command: Command): Command {
  return command
    .option("--json <file>", "write the result for programs and for bench compare; - is standard output")
    .option("--html <file>", "write the result as a page with charts, for a browser")
    .option("--markdown [file]", "write the result for a pull request; to standard output without a file")
    .option("--baseline <file>", "exit 11 when a rate is more than 5 % under that of this result of --json");
}

/**
 * Finds a file that cannot be written before anything is measured.
 * @throws ResultFileError that names it
 */
export function checkReportFiles(flags: ReportFlags): void {
  for (const path of filesOf(flags)) {
    // The slash makes it fail where this is no directory.
    const place = existsSync(path) ? path : `${dirname(path)}/`;
    try {
      accessSync(place, constants.W_OK);
    } catch {
      throw new ResultFileError(`${path} cannot be written: ${place} is not there or not writable`);
    }
    if (existsSync(path) && statSync(path).isDirectory())
      throw new ResultFileError(`${path} cannot be written: it is a directory`);
  }
}

/**
 * Writes every report asked for; standard output gets `text` unless it is taken by one of them.
 * @throws ResultFileError for a file that cannot be written after all, once the others are
 */
export async function writeReports(
  result: BenchResult,
  text: string,
  flags: ReportFlags,
  print: (text: string) => void,
): Promise<void> {
  const { json, html, markdown } = flags;
  if (json === "-") print(resultToJson(result));
  else if (markdown === true) print(markdownReport(result));
  else print(text);
  const failures: string[] = [];
  const write = async (path: string | undefined, make: (result: BenchResult) => string): Promise<void> => {
    if (path === undefined) return;
    try {
      await Bun.write(path, make(result));
    } catch (error) {
      failures.push(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await write(json === "-" ? undefined : json, resultToJson);
  await write(html, htmlReport);
  await write(markdown === true ? undefined : markdown, markdownReport);
  if (failures.length > 0) throw new ResultFileError(failures.join("; "));
}

function filesOf({ json, html, markdown }: ReportFlags): string[] {
  return [json === "-" ? undefined : json, html, markdown === true ? undefined : markdown].filter(
    (path) => path !== undefined,
  );
}
