import { z } from "zod";
import { type BenchResult, RESULT_VERSION } from "../result.ts";
import { UsageError } from "../usage-error.ts";
import { resultSchema, type WrittenResult } from "./result-schema.ts";

/** A file that is not a result this program can read. The message is one line and names the file. */
export class ResultFileError extends UsageError {
  override readonly name = "ResultFileError";
}

/** As `--json` writes it. */
export function resultToJson(result: BenchResult): string {
  const written: WrittenResult = result;
  return `${JSON.stringify(written)}\n`;
}

/**
 * @param path only for messages
 * @throws ResultFileError when the text is not JSON, not a result, of another version, or not as the schema has it
 */
export function resultFromJson(text: string, path: string): BenchResult {
  const parsed = resultSchema.safeParse(ofThisVersion(parse(text, path), path));
  if (!parsed.success) throw new ResultFileError(`${path} is not a valid result: ${firstProblem(parsed.error)}`);
  const read: WithAbsentKeys<BenchResult> = parsed.data;
  // What a key's absence stands for is what it reads as: undefined.
  return read as BenchResult;
}

/** @throws ResultFileError also when the file cannot be read */
export async function readResult(path: string): Promise<BenchResult> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (error) {
    throw new ResultFileError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return resultFromJson(text, path);
}

/** The type with keys optional where they may be undefined: as JSON has it. */
type WithAbsentKeys<T> = T extends readonly unknown[]
  ? { readonly [K in keyof T]: WithAbsentKeys<T[K]> }
  : T extends object
    ? { readonly [K in keyof T as undefined extends T[K] ? never : K]: WithAbsentKeys<T[K]> } & {
        readonly [K in keyof T as undefined extends T[K] ? K : never]?: WithAbsentKeys<T[K]> | undefined;
      }
    : T;

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ResultFileError(`${path} is not JSON`);
  }
}

/** Says what is wrong with a file of another version before its contents are held against this version's schema. */
function ofThisVersion(value: unknown, path: string): unknown {
  const head = z.object({ format: z.literal("codeq-bench"), version: z.unknown() }).safeParse(value);
  if (!head.success) throw new ResultFileError(`${path} is not a result of codeq bench --json`);
  const { version } = head.data;
  if (version !== RESULT_VERSION) {
    throw new ResultFileError(
      `${path} has version ${JSON.stringify(version)}, and this codeq reads version ${RESULT_VERSION}: measure again, or use the codeq that wrote it`,
    );
  }
  return value;
}

function firstProblem(error: z.ZodError): string {
  const [first, ...others] = error.issues;
  if (first === undefined) return "unknown";
  const where = first.path.map(String).join(".");
  return `${where}: ${first.message}${others.length === 0 ? "" : ` (and ${others.length} more)`}`;
}
